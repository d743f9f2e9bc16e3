import { afterAll, beforeAll } from "vitest"
import { suite } from "./suite.ts"
import { cases, rows } from "./user/rows.ts"
import { removeCommand, theCommand } from "./user/support/command.ts"

beforeAll(() => void theCommand(), 120_000)
afterAll(removeCommand)

suite("RELIABILITY B.4, user, terminal, signals", rows, cases, { concurrent: true })
