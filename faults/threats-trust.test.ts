import { suite } from "./suite.ts"
import { cases, rows } from "./threats/trust.ts"

// A case runs the command up to ten times, concurrently with eleven other cases.

suite("RELIABILITY X01–X05, X07–X10, X13", rows, cases, { concurrent: true })
