import { resolve } from "node:path"
import { defineConfig } from "rolldown"
import { noCycles } from "../../scripts/bundle.ts"
import { thirdPartyNotices } from "../../scripts/licences/plugin.ts"

/**
 * Everything but one program is in the files of one directory: what `npm install` brings is what runs, and no package is
 * resolved at start-up. A command reads the file that all commands need, and the files with what it uses.
 */
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  plugins: [noCycles, thirdPartyNotices(resolve(import.meta.dirname, "../.."))],
  // A UMD build's `require` of its own parts cannot be bundled; packages that have an ES module build are taken from it.
  resolve: { mainFields: ["module", "main"] },
  // It finds its program beside itself. Without it, which npm may leave out, searches take longer.
  external: ["@vscode/ripgrep"],
  output: {
    dir: "dist/command",
    entryFileNames: "parley.mjs",
    chunkFileNames: ({ name }) => `${name.replace(/~.*/, "")}-[hash].mjs`,
    format: "esm",
    codeSplitting: {
      groups: [
        { name: "start", tags: ["$initial"] },
        // Modules that the same commands need are one file.
        { name: "shared", minShareCount: 2, entriesAware: true }
      ]
    },
    minify: true
  }
})
