import { changing } from "./files/changing.ts"
import { permissions } from "./files/closed.ts"
import { encodings } from "./files/encodings.ts"
import { gone } from "./files/gone.ts"
import { kinds } from "./files/kinds.ts"
import { links } from "./files/links.ts"
import { many } from "./files/many.ts"
import { names } from "./files/names.ts"
import { paths } from "./files/paths.ts"
import { rows } from "./files/rows.ts"
import { suite } from "./suite.ts"

suite("RELIABILITY B.5, workspace files", rows, [
  ...kinds,
  ...links,
  ...paths,
  ...permissions,
  ...names,
  ...many,
  ...changing,
  ...encodings,
  ...gone
])
