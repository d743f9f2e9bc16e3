import { basename } from "node:path"
import { BaseSequencer, type TestSpecification } from "vitest/node"

/** Test files that take longest, the longest first. Every other file takes less than half a minute on two cores. */
const longest = [
  "storage.test.ts",
  "storage-load.test.ts",
  "threats-trust.test.ts",
  "user.test.ts",
  "mcp.test.ts",
  "files.test.ts",
  "crash.test.ts",
  "soak.test.ts",
  "FlagEffects.test.ts",
  "provider.test.ts",
  "threats-approvals.test.ts",
  "Programs.test.ts",
  "FlagEffectsOfServers.test.ts"
]

const place = ({ moduleId }: TestSpecification): number => {
  const index = longest.indexOf(basename(moduleId))
  return index === -1 ? longest.length : index
}

/** Starts the longest files first, so that no worker is left with one of them at the end of the run. */
export class LongestFirst extends BaseSequencer {
  override sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return super.sort(files).then((sorted) => sorted.toSorted((one, other) => place(one) - place(other)))
  }
}
