import { afterAll, beforeAll } from "vitest"
import { suite } from "./suite.ts"
import { cases, rows } from "./threats/approvals.ts"
import { removeCommand, theCommand } from "./user/support/command.ts"

beforeAll(() => void theCommand(), 120_000)
afterAll(removeCommand)

suite("RELIABILITY X11, X12, X17, X24, X28", rows, cases)
