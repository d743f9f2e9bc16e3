import { assert } from "@effect/vitest"
import type { Home } from "../../packages/harness/src/sessions/home.ts"
import type { Case } from "../suite.ts"
import { lives } from "../../packages/harness/src/user/processes.ts"
import { one, type Scenario, type Seen, variant } from "./kit.ts"
import { ended } from "./look.ts"
import { noted, type Step } from "./support/script.ts"

/** A server that does not end when it should is killed with its whole process group. */
const stubborn = (name: string, start: ReadonlyArray<Step>, look: (seen: Seen) => void, more: Partial<Scenario> = {}) =>
  variant("M24", name, {
    servers: one({ start }),
    turns: [["s__echo"]],
    ...more,
    look: (seen) => {
      ended("Succeeded: {}")(seen)
      look(seen)
    }
  })

const childOf = (here: Home): number => noted(here).find(({ child }) => child !== undefined)?.child ?? 0
const termed = ({ notes }: Seen): boolean => notes.some(({ signal }) => signal === "SIGTERM")

export const ends: ReadonlyArray<Case> = [
  stubborn("runs on at the end of its input", [["stay"]], (seen) => {
    assert.isAtLeast(seen.closing, 150)
    assert.isAtMost(seen.closing, 3000)
  }),
  stubborn(
    "takes no SIGTERM, with the times of the command",
    [["stay"], ["deaf"]],
    (seen) => {
      assert.isTrue(termed(seen))
      assert.isAtLeast(seen.closing, 4000)
      assert.isAtMost(seen.closing, 8000)
    },
    { options: () => ({ closeGrace: undefined }) }
  ),
  stubborn("leaves a child behind", [["child", false]], (seen) => {
    assert.isAbove(childOf(seen.home), 0)
    assert.isFalse(lives(childOf(seen.home)))
  }),
  // The daemon has left the process group, and is found by the mark in its environment.
  stubborn("leaves a daemon behind", [["child", true]], (seen) => {
    assert.isAtMost(seen.closing, 3000)
    assert.isAbove(childOf(seen.home), 0)
    assert.isFalse(lives(childOf(seen.home)))
  })
]
