import type { Case, Row } from "../suite.ts"
import { cancels } from "./cancels.ts"
import { clocks } from "./clocks.ts"
import { homes, noRoot } from "./homes.ts"
import { inputs } from "./inputs.ts"
import { insists } from "./insists.ts"
import { interrupts } from "./interrupts.ts"
import { lost } from "./lost.ts"
import { messages } from "./messages.ts"
import { outputs } from "./outputs.ts"
import { pastes } from "./pastes.ts"
import { several } from "./several.ts"
import { stops } from "./stops.ts"
import { terminals } from "./terminals.ts"
import { terminations } from "./terminations.ts"

/** Where the catalogue requires a trust prompt, which does not exist yet, the prompt of `chat` is used instead. */
export const rows: ReadonlyArray<Row> = [
  { id: "U01", fault: "SIGINT in each phase", variants: 10 },
  { id: "U02", fault: "a second SIGINT within 2 s in each phase, and a shutdown that hangs", variants: 10 },
  { id: "U03", fault: "SIGTERM in each phase", variants: 10 },
  { id: "U04", fault: "SIGHUP in each phase", variants: 10 },
  { id: "U05", fault: "SIGQUIT, SIGUSR1, SIGTSTP and SIGCONT, sleep", variants: 4 },
  { id: "U06", fault: "output that is not read", variants: 4 },
  { id: "U07", fault: "inputs of all kinds", variants: 8 },
  { id: "U08", fault: "terminals with few capabilities", variants: 5 },
  { id: "U09", fault: "pastes", variants: 4 },
  { id: "U10", fault: "messages that are empty or too large", variants: 4 },
  { id: "U11", fault: "a second message while one runs", variants: 3 },
  { id: "U12", fault: "cancellation races", variants: 4 },
  { id: "U13", fault: "the parent is killed", variants: 1 },
  { id: "U14", fault: "out of memory", variants: 2 },
  { id: "U15", fault: "the clock is set", variants: 3 },
  { id: "U16", fault: "users and their homes", variants: 4, left: noRoot }
]

const all: ReadonlyArray<Case> = [
  ...interrupts,
  ...insists,
  ...terminations,
  ...stops,
  ...outputs,
  ...inputs,
  ...terminals,
  ...pastes,
  ...messages,
  ...several,
  ...cancels,
  ...lost,
  ...clocks,
  ...homes
]

/** Terminals are created with `script`, and left processes are found in `/proc`. */
export const cases: ReadonlyArray<Case> = all.map((one) =>
  Object.assign({}, one, { needs: ["linux", "script"] as const })
)
