import { resolve } from "node:path"
import { defineConfig } from "rolldown"
import { thirdPartyNotices } from "../../scripts/licences/plugin.ts"

/** One file with everything in it but one program: what `npm install` brings is what runs, and nothing is resolved at start-up. */
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  plugins: [thirdPartyNotices(resolve(import.meta.dirname, "../.."))],
  // A UMD build's `require` of its own parts cannot be bundled; packages that have an ES module build are taken from it.
  resolve: { mainFields: ["module", "main"] },
  // It finds its program beside itself. Without it, which npm may leave out, searches take longer.
  external: ["@vscode/ripgrep"],
  output: {
    file: "dist/parley.mjs",
    format: "esm",
    codeSplitting: false,
    minify: true
  }
})
