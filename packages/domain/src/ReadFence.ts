import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Matcher } from "./SecretFiles.ts"

/** What no model is shown of the disk, wherever a workspace is. */
export interface Withheld {
  /** Absolute paths of the directories in which an application keeps its own configuration, logins, sessions and logs. */
  readonly directories: ReadonlyArray<string>
  /** Files in them that are shown to models all the same, such as the user's instructions. */
  readonly except?: ReadonlyArray<string> | undefined
  /** Which files may hold secrets; the built-in table decides when absent. */
  readonly secrets?: Matcher | undefined
}

/** What tells a file or directory from all others, under whatever path it is reached. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

/** As `node:fs` has it. */
export interface Status extends Identity {
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly isDirectory: () => boolean
}

/** The disk, as a fence looks at it. What cannot be looked at is not there. */
export interface System {
  /** What a path leads to, with all links followed. */
  readonly status: (path: string) => Effect.Effect<Status | undefined>
  readonly names: (directory: string) => Effect.Effect<ReadonlyArray<string>>
  /** The number by which Linux knows a kind of file system (`f_type` of statfs). */
  readonly fileSystem: (path: string) => Effect.Effect<bigint | undefined>
  readonly join: (directory: string, name: string) => string
  /** The path itself when there is nothing above it. */
  readonly dirname: (path: string) => string
  /** Directories of devices, such as `/dev`: Linux has them in an ordinary kind of file system. */
  readonly devices: ReadonlyArray<string>
}

/** Why nothing there may be read: it is the application's own, or the system makes it up. */
export type Verdict = "own" | "system"

/** One look at the disk, such as for one call: what it has found out it does not ask for again. */
export interface Look {
  /** `real` is a path without links, `found` what is there, or what was opened under it. */
  readonly judge: (root: string, real: string, found: Identity) => Effect.Effect<Verdict | undefined>
  /** Whether it is one of the files and directories in `Withheld.directories` that are there now. */
  readonly isOwn: (found: Identity) => Effect.Effect<boolean>
}

export interface Fence {
  readonly begin: Effect.Effect<Look>
}

/** Kinds of file systems whose files are no files: reading one asks the kernel, or changes something. From `linux/magic.h`. */
const madeUp: ReadonlySet<bigint> = new Set([
  0x9fa0n, // proc
  0x62656572n, // sysfs
  0x1cd1n, // devpts
  0x27e0ebn, // cgroup
  0x63677270n, // cgroup2
  0x7655821n, // resctrl
  0x64626720n, // debugfs
  0x74726163n, // tracefs
  0x73636673n, // securityfs
  0xf97cff8cn, // selinux
  0x43415d53n, // smack
  0x5a3c69f0n, // apparmor
  0x62656570n, // configfs
  0xcafe4a11n, // bpf
  0x6165676cn, // pstore
  0xde5e81e4n, // efivarfs
  0x42494e4dn, // binfmt_misc
  0x65735543n, // fusectl
  0x19800202n, // mqueue
  0x958458f6n, // hugetlbfs
  0x6e736673n, // nsfs
  0x67596969n, // rpc_pipefs
  0x6e667364n, // nfsd
  0x50494446n, // pidfs
  0x50495045n, // pipefs
  0x534f434bn, // sockfs
  0x9041934n // anonymous inodes
])

/** How many files an application has at most that are known one by one; those beyond are known by their directories. */
const most = 100_000

/** The time of a change may be as coarse as this. A directory that changed more recently is read every time. */
const unsettledMillis = 2000n

const keyOf = ({ dev, ino }: Identity): string => `${dev}:${ino}`

interface Content {
  readonly of: Status
  readonly files: ReadonlyArray<string>
  readonly directories: ReadonlyArray<string>
}

const same = (a: Status, b: Status): boolean =>
  keyOf(a) === keyOf(b) && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs

const isInside = (system: System, root: string, path: string): boolean =>
  path === root || (system.dirname(path) !== path && isInside(system, root, system.dirname(path)))

/**
 * Keeps what is withheld from all that is read through it. Files and directories are compared by what they are and not by
 * their paths: links, hard links, mounts and other spellings lead to the same.
 */
export const make = (system: System, { directories, except = [] }: Pick<Withheld, "directories" | "except">): Fence => {
  const known = new Map<string, Content>()

  const contentOf = Effect.fnUntraced(function* (path: string, status: Status) {
    const before = known.get(path)
    if (before !== undefined && same(before.of, status)) return before
    const paths = (yield* system.names(path)).map((name) => system.join(path, name))
    const shown = paths.filter((path) => !except.includes(path))
    const found = yield* Effect.forEach(shown, system.status, { concurrency: 16 })
    const content: Content = {
      of: status,
      files: found.flatMap((status) => (status === undefined || status.isDirectory() ? [] : [keyOf(status)])),
      directories: shown.filter((_, i) => found[i]?.isDirectory() === true)
    }
    const now = BigInt(yield* Clock.currentTimeMillis)
    if (status.ctimeNs / 1_000_000n < now - unsettledMillis) known.set(path, content)
    return content
  })

  const gather = Effect.gen(function* () {
    const own = new Set<string>()
    const pending = [...directories]
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      const status = yield* system.status(path)
      if (status === undefined || own.has(keyOf(status))) continue
      own.add(keyOf(status))
      if (own.size > most) continue
      const content = yield* contentOf(path, status)
      for (const file of content.files) own.add(file)
      pending.push(...content.directories)
    }
    return own
  })

  const begin = Effect.gen(function* () {
    const own = yield* Effect.cached(gather)
    const devices = yield* Effect.cached(
      Effect.map(Effect.forEach(system.devices, system.status), (all) =>
        all.flatMap((status) => (status === undefined ? [] : [keyOf(status)]))
      )
    )
    const kinds = new Map<bigint, boolean>()
    const judged = new Map<string, Verdict | undefined>()

    const isMadeUp = Effect.fnUntraced(function* (path: string, { dev }: Identity) {
      const before = kinds.get(dev)
      if (before !== undefined) return before
      const kind = yield* system.fileSystem(path)
      const found = kind !== undefined && madeUp.has(kind)
      kinds.set(dev, found)
      return found
    })

    const one = Effect.fnUntraced(function* (root: string, path: string) {
      const status = yield* system.status(path)
      if (status === undefined) return undefined
      if ((yield* own).has(keyOf(status))) return "own" as const
      // A workspace may itself lie in `/dev/shm`: there its files are files.
      if (!isInside(system, root, path)) return undefined
      const ofSystem = (yield* devices).includes(keyOf(status)) || (yield* isMadeUp(path, status))
      return ofSystem ? ("system" as const) : undefined
    })

    /** A directory is what those above it are. */
    const directory = Effect.fnUntraced(function* (root: string, path: string) {
      const chain: Array<string> = []
      for (let at = path; !judged.has(at); at = system.dirname(at)) {
        chain.push(at)
        if (system.dirname(at) === at) break
      }
      let verdict = judged.get(system.dirname(chain.at(-1) ?? path))
      for (const at of chain.toReversed()) {
        verdict ??= yield* one(root, at)
        judged.set(at, verdict)
      }
      return judged.get(path)
    })

    const isOwn = (found: Identity) => Effect.map(own, (own) => own.has(keyOf(found)))
    const judge = Effect.fnUntraced(function* (root: string, real: string, found: Identity) {
      if (yield* isOwn(found)) return "own" as const
      const above = yield* directory(root, system.dirname(real))
      if (above !== undefined) return above
      if ((yield* devices).includes(keyOf(found)) || (yield* isMadeUp(real, found))) return "system" as const
      return undefined
    })
    return { isOwn, judge } satisfies Look
  })
  return { begin }
}
