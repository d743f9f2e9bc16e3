import * as Effect from "effect/Effect"
import { openConfined } from "./Confinement.ts"
import { readSmallText } from "./FileText.ts"

/** In bytes. A pointer is shorter: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const longestPointer = 1024

const pointerStart = "version https://git-lfs.github.com/spec/v1\n"

/** A note about a text that stands for a file in Git LFS; `undefined` for any other text. */
export const aboutPointer = (text: string): string | undefined => {
  if (text.length > longestPointer || !text.startsWith(pointerStart)) return undefined
  const size = /^size (\d{1,18})$/m.exec(text)?.[1]
  const bytes = size === undefined ? "" : ` (${size} bytes)`
  return `This is a pointer of Git LFS, not the content of the file${bytes}: \`git lfs pull\` fetches that.`
}

const maxModulesBytes = 256 * 1024

/** The paths of the submodules that `.gitmodules` declares. Empty if it cannot be read. */
export const submodules = (root: string): Effect.Effect<ReadonlySet<string>> =>
  openConfined(root, ".gitmodules").pipe(
    Effect.flatMap(({ handle }) => readSmallText(handle, maxModulesBytes)),
    Effect.scoped,
    Effect.orElseSucceed(() => undefined),
    Effect.map(
      (text = "") =>
        new Set(
          Array.from(text.matchAll(/^[ \t]*path[ \t]*=[ \t]*(.+?)[ \t\r]*$/gm), ([, path = ""]) =>
            path.replace(/^"(.*)"$/, "$1").replace(/\/+$/, "")
          )
        )
    )
  )
