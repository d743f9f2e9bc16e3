import type { Plugin } from "rolldown"
import { cycles } from "./structure/check.ts"

/**
 * Fails the build if files of the bundle import each other. Modules without cycles can be put into files with cycles, and
 * such a file may run before what it uses.
 */
export const noCycles: Plugin = {
  name: "no-cycles",
  generateBundle(_options, bundle) {
    const chunks = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? [file] : []))
    for (const group of cycles(new Map(chunks.map(({ fileName, imports }) => [fileName, imports]))))
      this.error(`these files of the bundle import each other: ${group.join(", ")}`)
  }
}
