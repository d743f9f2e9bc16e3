import { afterAll, beforeAll } from "vitest"
import { suite } from "./suite.ts"
import { cases, rows } from "./threats/trust.ts"
import { removeCommand, theCommand } from "./user/support/command.ts"

beforeAll(() => void theCommand(), 120_000)
afterAll(removeCommand)

suite("RELIABILITY X01–X05, X07–X10, X13", rows, cases, { concurrent: true })
