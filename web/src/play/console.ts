/** A serial console as text: what is meant for a terminal alone is taken out. Pure. */

// Sequences that begin with ESC (ECMA-48): CSI, strings (OSC, DCS, PM, APC, SOS) up to their end, and those of two characters.
const SEQUENCES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]{0,1024}(?:\x07|\x1b\\)?|[ -/]*[0-~])?/g;
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\x80-\x9f]/g;

/** Lines as they stood in the end: what was written over after a carriage return is gone. */
export function plain(text: string): string {
  return text
    .replace(SEQUENCES, "")
    .replace(CONTROLS, "")
    .replace(/\r+\n/g, "\n")
    .replace(/^.*\r(?=.)/gm, "")
    .replace(/\r/g, "")
    .trimEnd();
}
