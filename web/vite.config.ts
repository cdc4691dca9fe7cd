import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** Script that every page loads before it can do anything, uncompressed (docs/develop/web.md). */
const INITIAL_SCRIPT_LIMIT = 250_000;

/** Fails the build when the entry and what it imports at once have grown over the limit. */
function scriptBudget(): Plugin {
  return {
    name: "script-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const wanted = Object.values(bundle).flatMap((item) => (item.type === "chunk" && item.isEntry ? [item.fileName] : []));
      const seen = new Set<string>();
      let size = 0;
      for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
        const chunk = bundle[name];
        if (seen.has(name) || chunk?.type !== "chunk") continue;
        seen.add(name);
        size += Buffer.byteLength(chunk.code);
        wanted.push(...chunk.imports);
      }
      const said = `initial script: ${size} bytes of ${INITIAL_SCRIPT_LIMIT}`;
      if (size > INITIAL_SCRIPT_LIMIT) this.error(`${said}. Import the large part lazily, as src/parts/terminal.ts is.`);
      this.info(said);
    },
  };
}

/** What the licence of the shipped font asks for: a copy of it goes along (docs/decisions/0010-pages.md). */
function fontLicence(): Plugin {
  return {
    name: "font-licence",
    apply: "build",
    generateBundle() {
      const source = readFileSync(new URL("node_modules/@fontsource/fira-code/LICENSE", import.meta.url));
      this.emitFile({ type: "asset", fileName: "assets/fira-code-license.txt", source });
    },
  };
}

export default defineConfig({
  base: "/",
  build: { target: "es2022", outDir: "dist", emptyOutDir: true, modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 1600 },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8800", ws: true }, "/signin": "http://127.0.0.1:8800", "^/plays/[^/]+/web-pages/": "http://127.0.0.1:8800" } },
  plugins: [scriptBudget(), fontLicence()],
});
