import type { FileSet, WorkspaceFile } from "@parley/domain/FilesManager"
import { byteLength } from "@parley/prompt/Digest"

/** The share of a request that files may take. The rest is for instructions, tools and the conversation. */
const share = 2 / 3

/** Estimated as the rest of a request is: a quarter of the bytes, and the fence around the file. */
const tokensOf = ({ path, text }: WorkspaceFile): number => Math.ceil((byteLength(path) + byteLength(text)) / 4) + 16

/** Leaves out the largest first, and instructions only when nothing else remains. */
const byWorth = (a: readonly [WorkspaceFile, number], b: readonly [WorkspaceFile, number]): number =>
  Number(a[0].kind === "instructions") - Number(b[0].kind === "instructions") || b[1] - a[1]

/**
 * The files that fit a request with `limit` tokens, and those left out because they are too large for the model. Whatever
 * is in the workspace, a message can be sent.
 */
export const fitting = (files: ReadonlyArray<WorkspaceFile>, limit: number | undefined): FileSet => {
  if (limit === undefined) return { files, skipped: [] }
  const sizes = files.map((file) => [file, tokensOf(file)] as const)
  const room = Math.floor(limit * share)
  let total = sizes.reduce((sum, [, tokens]) => sum + tokens, 0)
  if (total <= room) return { files, skipped: [] }
  const skipped = new Map<string, string>()
  for (const [{ path }, tokens] of sizes.toSorted(byWorth)) {
    if (total <= room) break
    skipped.set(path, `it has about ${tokens} tokens, and the files may have ${room} in all with this model`)
    total -= tokens
  }
  return {
    files: files.filter(({ path }) => !skipped.has(path)),
    skipped: [...skipped].map(([path, reason]) => ({ path, reason }))
  }
}
