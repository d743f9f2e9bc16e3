import type { Mutant } from "./lists.ts"
import type { Ran } from "./runner.ts"

/** The result of running the tests on a mutant. */
export type Verdict =
  | { readonly _tag: "Killed"; readonly file: string; readonly says: string; readonly text: string }
  | { readonly _tag: "Survived"; readonly why: string }

/** Errors of a mutant that is not a valid program: it fails every test, so it proves nothing. */
const broken = /SyntaxError|ReferenceError|Transform failed|PARSE_ERROR|is not a constructor/

/** A timeout may have any cause, so it does not count as a detection unless the mutant expects one. */
const late = /Test timed out|TestTimeoutError|Hook timed out/

const survived = (why: string): Verdict => ({ _tag: "Survived", why })

export const judge = ({ says }: Pick<Mutant, "says">, ran: Ran | "stale"): Verdict => {
  if (ran === "stale") return survived("its text does not occur exactly once in the file")
  if (ran === "ran out of time") return survived("the tests did not end")
  if (ran.ran === 0 && ran.failures.length === 0) return survived("no test ran")
  const [first] = ran.failures
  if (first === undefined) return survived("no test failed")
  const program = ran.failures.filter(({ file, test, text }) => test !== "" && test !== file && !broken.test(text))
  const [failure] = program
  if (failure === undefined) return survived(`it is not a valid program: ${first.text.slice(0, 200)}`)
  const heard = program.find(({ test, text }) =>
    says === undefined ? !late.test(text) : `${test}\n${text}`.includes(says)
  )
  if (heard === undefined)
    return survived(
      says === undefined
        ? `the test ran out of time: ${failure.test}`
        : `the failure does not contain ${JSON.stringify(says)}: ${failure.test}: ${failure.text.slice(0, 300)}`
    )
  return { _tag: "Killed", file: heard.file, says: heard.test.slice(0, 100), text: heard.text }
}
