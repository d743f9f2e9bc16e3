import { suite } from "./suite.ts"
import { cases, rows } from "./threats/approvals.ts"

suite("RELIABILITY X11, X12, X17, X24, X28", rows, cases)
