import { suite } from "./suite.ts"
import { cases, rows } from "./user/rows.ts"

suite("RELIABILITY B.4, user, terminal, signals", rows, cases, { concurrent: true })
