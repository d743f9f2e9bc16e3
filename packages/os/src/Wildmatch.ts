import * as ByteSet from "./ByteSet.ts"

/**
 * One step of a pattern. `skip` may continue after the two steps that follow it. `star` takes any number of bytes without a
 * slash, `stars` any number of bytes.
 */
type Step =
  | { readonly is: "byte"; readonly byte: number }
  | { readonly is: "set"; readonly has: ReadonlyArray<boolean> }
  | { readonly is: "star" | "stars" | "skip" }

const slash = 0x2f
const empty = (step: Step): boolean => step.is === "star" || step.is === "stars" || step.is === "skip"

export interface Options {
  /** Whether `*`, `?` and sets do not match a slash, and `**` has a meaning of its own. */
  readonly pathname: boolean
  /** Whether ASCII letters match regardless of case, as with git's `core.ignoreCase`. */
  readonly fold?: boolean
}

/** The step for stars from `start` to `end`. Only stars that fill a whole segment match slashes. */
const stars = (pattern: string, start: number, end: number, pathname: boolean): ReadonlyArray<Step> => {
  if (!pathname) return [{ is: "stars" }]
  const isSegment = start === 0 || pattern[start - 1] === "/"
  if (end - start < 2 || !isSegment) return [{ is: "star" }]
  if (pattern[end] === "/") return [{ is: "skip" }, { is: "stars" }]
  return end === pattern.length || pattern.startsWith("\\/", end) ? [{ is: "stars" }] : [{ is: "star" }]
}

// Whether the steps end with `**/`. A second one after it changes nothing, but would take time.
const endsWithSkip = (steps: ReadonlyArray<Step>): boolean => steps.at(-3)?.is === "skip"

const compile = (pattern: string, { fold = false, pathname }: Options): ReadonlyArray<Step> | undefined => {
  const steps: Array<Step> = []
  const any = Array.from({ length: 256 }, (_, byte) => !(pathname && byte === slash))
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]
    if (character === "*") {
      const start = i
      while (pattern[i + 1] === "*") i++
      const added = stars(pattern, start, i + 1, pathname)
      if (added[0]?.is === "skip" && endsWithSkip(steps)) i++
      else steps.push(...added)
    } else if (character === "?") {
      steps.push({ is: "set", has: any })
    } else if (character === "[") {
      const set = ByteSet.parse(pattern, i, { pathname, fold })
      if (set === undefined) return undefined
      steps.push({ is: "set", has: set.has })
      i = set.end - 1
    } else {
      if (character === "\\") i++
      if (i >= pattern.length) return undefined
      const byte = pattern.charCodeAt(i)
      steps.push({ is: "byte", byte: fold ? ByteSet.lowered(byte) : byte })
    }
  }
  return steps
}

/** Marks the steps that can be reached without a byte. They are all later ones, so one pass finds them. */
const close = (steps: ReadonlyArray<Step>, reached: Uint8Array): void => {
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]
    if (reached[i] !== 1 || step === undefined || !empty(step)) continue
    reached[i + 1] = 1
    if (step.is === "skip") reached[i + 3] = 1
  }
}

const run = (steps: ReadonlyArray<Step>, subject: string): boolean => {
  let now = new Uint8Array(steps.length + 1)
  let next = new Uint8Array(steps.length + 1)
  now[0] = 1
  close(steps, now)
  for (let at = 0; at < subject.length; at++) {
    const byte = subject.charCodeAt(at)
    next.fill(0)
    let alive = false
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]
      if (now[i] !== 1 || step === undefined) continue
      const stays = step.is === "stars" || (step.is === "star" && byte !== slash)
      const passes = step.is === "byte" ? step.byte === byte : step.is === "set" && step.has[byte] === true
      if (stays) next[i] = 1
      if (passes) next[i + 1] = 1
      alive ||= stays || passes
    }
    if (!alive) return false
    close(steps, next)
    ;[now, next] = [next, now]
  }
  return now[steps.length] === 1
}

/**
 * Returns a function that matches as git's `wildmatch` does. Pattern and subjects are bytes, one per code unit (see
 * `Ignore.bytesOf`). Takes time proportional to the length of the pattern times that of the subject, whatever they are.
 */
export const matcher = (pattern: string, options: Options): ((subject: string) => boolean) => {
  const steps = compile(pattern, options)
  if (steps === undefined) return () => false
  // What may be skipped is `**/`, of which one step takes a byte.
  const shortest = steps.filter((step) => !empty(step)).length - steps.filter(({ is }) => is === "skip").length
  return (subject) => subject.length >= shortest && run(steps, subject)
}
