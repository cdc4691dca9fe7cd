/** The colours of drawings: those of tokens.css, as they are just now. */

export interface DrawingTheme {
  dark: boolean;
  font: string;
  variables: Record<string, string>;
}

export const darkScheme = matchMedia("(prefers-color-scheme: dark)");

export function drawingTheme(): DrawingTheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const [text, line, surface, raised] = [token("text"), token("line-strong"), token("surface"), token("raised")];
  const font = token("sans");
  return {
    dark: darkScheme.matches,
    font,
    variables: {
      fontFamily: font,
      fontSize: "15px",
      background: surface,
      primaryColor: token("accent-soft"),
      primaryBorderColor: token("accent"),
      primaryTextColor: text,
      secondaryColor: raised,
      secondaryBorderColor: line,
      secondaryTextColor: text,
      tertiaryColor: token("bg"),
      tertiaryBorderColor: line,
      tertiaryTextColor: text,
      lineColor: token("muted"),
      textColor: text,
      titleColor: text,
      edgeLabelBackground: surface,
      clusterBkg: token("bg"),
      clusterBorder: line,
      noteBkgColor: raised,
      noteTextColor: text,
      noteBorderColor: line,
      errorBkgColor: token("failed-soft"),
      errorTextColor: token("failed"),
    },
  };
}
