// Ships the SQLite driver inside the build of `store`. The published driver is for an older version of Effect and cannot be
// installed beside Effect 4.1; ours has a patch (patches/), which a package manager would not apply for a user of `store`.
// The published `package.json` of `store` resolves `#driver` to this copy (`publishConfig.imports`). Remove all of this when a
// release of the driver fits Effect 4.1.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Copies the patched driver into the build. */
export const shipDriver = (store: string): void => {
  const [from, to] = [join(store, "node_modules/@effect/sql-sqlite-node"), join(store, "dist/driver")]
  mkdirSync(to)
  copyFileSync(join(from, "LICENSE"), join(to, "LICENSE"))
  for (const file of ["SqliteClient.js", "SqliteClient.d.ts"]) {
    // Source maps are not shipped.
    const text = readFileSync(join(from, "dist", file), "utf8").replace(/\n\/\/# sourceMappingURL=.*$/m, "")
    writeFileSync(join(to, file), text)
  }
}
