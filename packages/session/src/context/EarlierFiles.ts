import * as FileChange from "@parley/prompt/FileChange"
import * as Context from "effect/Context"
import type { SessionState } from "../log/SessionState.ts"

/** Whether files that changed little are shown as a diff. Default: true. */
export const FileDiffs = Context.Reference<boolean>("@parley/session/FileDiffs", { defaultValue: () => true })

/** Bytes of contents that are looked up in one round. Beyond it, changed files are shown whole: a checkout may change many. */
const most = 8 * 1024 * 1024

/** The sections about files in the messages of a request, by source, in their order. */
const sectionsOf = ({ history }: SessionState): ReadonlyMap<string, ReadonlyArray<string>> => {
  const sections = new Map<string, Array<string>>()
  for (const { content } of history.messages()) {
    for (const block of content) {
      const source = history.origins.get(block)?.source
      if (block._tag !== "Text" || source?.startsWith("file:") !== true) continue
      const known = sections.get(source)
      if (known === undefined) sections.set(source, [block.text])
      else known.push(block.text)
    }
  }
  return sections
}

/**
 * What the next request shows of a file so far, read from its own texts: after a compaction, an undo or a rejected request it
 * is what the model will see, and nothing else.
 */
export const of = (state: SessionState): ((path: string) => FileChange.Earlier | undefined) => {
  let sections: ReadonlyMap<string, ReadonlyArray<string>> | undefined
  let bytes = 0
  return (path) => {
    const expected = state.shown.files[path]
    if (state.baseline === undefined || expected === undefined || expected === "" || bytes > most) return undefined
    sections ??= sectionsOf(state)
    const { files, system } = state.baseline
    const later = sections.get(`file:${path}`) ?? []
    const found = FileChange.shownContent(path, { system, digest: files[path] }, later, expected)
    bytes += found?.text.length ?? 0
    return found
  }
}
