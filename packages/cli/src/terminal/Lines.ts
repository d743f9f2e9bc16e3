import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Editor from "./Editor.ts"
import type { Complete, LineSource, Listener } from "./LineSource.ts"
import * as Orphan from "./Orphan.ts"
import * as Pipe from "./Pipe.ts"
import * as PlainTerminal from "./PlainTerminal.ts"
import * as Signals from "./Signals.ts"
import * as Terminal from "./Terminal.ts"

export type { Complete } from "./LineSource.ts"
export const { interactive } = Terminal

/** Shows a prompt and reads the line that is typed after it; undefined at the end of input. */
export type Read = (prompt: string) => Effect.Effect<string | undefined>

export interface Dialogue {
  readonly read: Read
  /** Whether an unfinished line existed before the first question was shown. It is restored after the dialogue. */
  readonly interrupted: boolean
}

export interface Lines {
  /** The next line, or undefined at the end of input. Lines that arrived before the call come first. */
  readonly next: Read
  /**
   * Asks a person questions. The dialogue begins when nothing has been typed for a moment. Its answers are lines of which
   * every key was typed after the prompt was shown. Input from before the dialogue or after its last answer goes to `next`;
   * input between two of its questions is discarded. Run only one dialogue at a time.
   */
  readonly dialogue: <A, E, R>(use: (dialogue: Dialogue) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /**
   * Passes each line that a person completes while no call waits for one to `take`, until the scope closes. A line for which
   * it returns false waits for `next`, as all lines of a pipe do.
   */
  readonly meanwhile: (take: (line: string, typed: string) => boolean) => Effect.Effect<void, never, Scope.Scope>
  /** Whether a person at a terminal provides the lines, and not a pipe. */
  readonly interactive: boolean
  /** Whether input has arrived that no call has read yet. */
  readonly early: () => boolean
  /** Discards the typed text and shows the prompt again. An open question ends without an answer. */
  readonly again: () => void
  readonly close: () => void
  /** The line that `next` returned last, with labels in place of pasted text. */
  readonly typed: () => string
}

/** Number of waiting lines at which reading from a pipe pauses. */
const enough = 100
/** Milliseconds without typing before a question is shown, so that keys already on their way cannot answer it. */
const quietMillis = 300
/** The same while a line is unfinished, since a person who paused within a line will probably continue typing. */
const unfinishedMillis = 1000

type Take = (line: string | undefined) => void
/** A dialogue that has the terminal. Until its first prompt is shown, lines still belong to the conversation. */
interface Question {
  readonly take?: Take
  readonly shown: boolean
}

const sourceOf = (terminal: Terminal.Terminal | undefined, complete: Complete | undefined, listener: Listener) =>
  terminal === undefined
    ? Pipe.open(listener)
    : terminal.edits
      ? Editor.open(terminal, complete, listener)
      : PlainTerminal.open(terminal, listener)

/** Waits until nothing has been typed for a moment, including input that the system has not handed over yet. */
const quiet = (source: LineSource): Effect.Effect<void> =>
  Effect.suspend(() => {
    const settled = () => {
      const wanted = source.unfinished() ? unfinishedMillis : quietMillis
      return source.lastInput() + wanted - performance.now()
    }
    const look: Effect.Effect<void> = Effect.suspend(() => {
      const left = settled()
      return left <= 0 ? Effect.void : Effect.andThen(Effect.sleep(left), Effect.andThen(source.look, look))
    })
    return Effect.andThen(source.look, look)
  })

/** Opens a reader of lines from the terminal, or from a pipe. */
export const open = (complete?: Complete, terminal = Terminal.ofProcess): Lines => {
  /** The caller that waits for the conversation's next line, and its prompt. */
  let next: { readonly take: Take; readonly prompt: string } | undefined
  /** The dialogue that has the terminal. */
  let question: Question | undefined
  /** Lines that were typed after an answer. Another prompt of the same dialogue discards them. */
  const between: Array<string> = []
  const waiting: Array<string> = []
  let meanwhile: ((line: string, typed: string) => boolean) | undefined
  let typed = ""
  let ended = false
  let unwatch = () => {}
  const person = terminal !== undefined
  const source: LineSource = sourceOf(terminal, complete, {
    line: (line) => {
      if (question?.take !== undefined) return question.take(source.expand(line))
      if (question?.shown === true) return void between.push(line)
      arrive(line)
    },
    closed: () => {
      ended = true
      unwatch = Orphan.whenOrphaned(() => Signals.receive("SIGHUP"))
      question?.take?.(undefined)
      give(undefined)
    },
    prompting: () => (question === undefined ? next : question.take) !== undefined,
    asking: () => question !== undefined
  })
  const arrive = (line: string) => {
    if (next !== undefined) give(line)
    else if (person && waiting.length === 0 && meanwhile?.(source.expand(line), line) === true) return
    else if (waiting.push(line) >= enough && !person) source.pause()
  }
  const meant = (line: string) => {
    typed = line
    return source.expand(line)
  }
  const give = (line: string | undefined) => {
    const waiter = next
    next = undefined
    waiter?.take(line === undefined ? undefined : meant(line))
  }

  const write = (text: string) => void terminal?.output.write(text)
  const ask = (prompt: string) =>
    Effect.callback<string | undefined>((resume) => {
      if (ended) return resume(Effect.undefined)
      const answered = (line: string | undefined) => {
        question = { shown: true }
        resume(Effect.succeed(line))
      }
      if (between.splice(0).length > 0) write("  (input that was typed before this question was shown is discarded)\n")
      question = { shown: true, take: answered }
      source.prompt(prompt)
      // If the question is withdrawn, the text typed for it is discarded.
      return Effect.map(source.takeDraft, () => {
        if (question?.take === answered) question = { shown: true }
        write("\n")
      })
    })

  const begin = Effect.map(source.takeDraft, (draft) => {
    if (draft === "" && next !== undefined) write("\n")
    question = { shown: false }
    return { draft }
  })
  const end = (draft: string) =>
    Effect.map(source.takeDraft, (more) => {
      question = undefined
      for (const line of between.splice(0)) arrive(line)
      source.putDraft(draft + more)
      if (next !== undefined && !ended) source.prompt(next.prompt)
    })
  const dialogue: Lines["dialogue"] = (use) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        yield* restore(quiet(source))
        const begun = yield* begin
        const read: Read = (prompt) =>
          Effect.gen(function* () {
            yield* quiet(source)
            const more = yield* source.takeDraft
            if (question?.shown === false) begun.draft += more
            return yield* ask(prompt)
          })
        const interrupted = begun.draft !== ""
        return yield* Effect.ensuring(
          restore(use({ read, interrupted })),
          Effect.suspend(() => end(begun.draft))
        )
      })
    )

  return {
    interactive: person,
    early: () => waiting.length > 0 || source.unfinished(),
    next: (prompt) =>
      Effect.callback((resume) => {
        const early = waiting.shift()
        if (waiting.length < enough && !person && !ended) source.resume()
        if (early !== undefined || ended) return resume(Effect.sync(() => (early === undefined ? early : meant(early))))
        const own = { prompt, take: (line: string | undefined) => resume(Effect.succeed(line)) }
        next = own
        if (question === undefined) source.prompt(prompt)
        // An interrupted caller must not receive the next line.
        return Effect.sync(() => {
          if (next !== own) return
          next = undefined
          write("\n")
        })
      }),
    dialogue,
    meanwhile: (take) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          meanwhile = take
        }),
        () =>
          Effect.sync(() => {
            meanwhile = undefined
          })
      ),
    typed: () => typed,
    again: () => {
      if (question !== undefined) return question.take?.(undefined)
      source.putDraft("")
      source.prompt(next?.prompt ?? "")
    },
    close: () => {
      source.close()
      unwatch()
    }
  }
}
