import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as ReadFence from "../src/ReadFence.ts"

interface Node {
  readonly dev: bigint
  readonly ino: bigint
  readonly children: Map<string, Node> | undefined
  mtimeNs: bigint
}

/** A disk in memory: one node may be under many paths, as hard links and mounts make it. */
class Disk {
  private next = 1n
  readonly kinds = new Map<bigint, bigint>()
  listed = 0
  readonly root = this.directory()

  file(dev = 1n): Node {
    return { dev, ino: this.next++, children: undefined, mtimeNs: 0n }
  }
  directory(dev = 1n): Node {
    return { dev, ino: this.next++, children: new Map(), mtimeNs: 0n }
  }
  at(path: string): Node | undefined {
    return path
      .split("/")
      .filter((name) => name !== "")
      .reduce((node: Node | undefined, name) => node?.children?.get(name), this.root)
  }
  put(path: string, node: Node = this.file()): Node {
    const names = path.split("/").filter((name) => name !== "")
    let directory = this.root
    for (const name of names.slice(0, -1)) {
      const inner = directory.children?.get(name) ?? this.directory(directory.dev)
      directory.children?.set(name, inner)
      directory = inner
    }
    directory.children?.set(names.at(-1) ?? "", node)
    directory.mtimeNs += 1n
    return node
  }

  readonly system: ReadFence.System = {
    status: (path) =>
      Effect.sync(() => {
        const node = this.at(path)
        return node && { ...node, ctimeNs: node.mtimeNs, isDirectory: () => node.children !== undefined }
      }),
    names: (path) =>
      Effect.sync(() => {
        this.listed++
        return [...(this.at(path)?.children?.keys() ?? [])]
      }),
    fileSystem: (path) => Effect.sync(() => this.kinds.get(this.at(path)?.dev ?? 0n) ?? 0xef53n),
    join: (directory, name) => `${directory === "/" ? "" : directory}/${name}`,
    dirname: (path) => path.slice(0, path.lastIndexOf("/")) || "/",
    devices: ["/dev"]
  }
}

const own = "/home/me/.local/share/parley"
const world = () => {
  const disk = new Disk()
  for (const name of ["parley.db", "parley.db-wal", "AGENTS.md", "mcp-auth/a.json", "results/deep/r"])
    disk.put(`${own}/${name}`)
  disk.put("/home/me/ws/a.txt")
  disk.put("/home/me/ws/src/b.ts")
  const fence = ReadFence.make(disk.system, { directories: [own, "/absent"], except: [`${own}/AGENTS.md`] })
  const judge = (path: string, root = "/home/me") =>
    Effect.gen(function* () {
      const found = disk.at(path)
      if (found === undefined) return assert.fail(path)
      const look = yield* fence.begin
      return yield* look.judge(root, path, found)
    })
  return { disk, fence, judge }
}

describe("a fence", () => {
  it.effect("withholds a directory and its content, and nothing beside it", () =>
    Effect.gen(function* () {
      const { judge } = world()
      for (const path of ["", "/parley.db", "/parley.db-wal", "/AGENTS.md", "/mcp-auth", "/results/deep/r"])
        assert.strictEqual(yield* judge(own + path), "own", path)
      for (const path of ["/home/me/ws/a.txt", "/home/me/.local/share", "/home/me", "/"])
        assert.isUndefined(yield* judge(path), path)
      // A workspace within it holds nothing that is not the application's own.
      assert.strictEqual(yield* judge(`${own}/results/deep/r`, `${own}/results/deep`), "own")
    })
  )

  it.effect("recognises hard links and mounts of files and directories at any depth", () =>
    Effect.gen(function* () {
      const { disk, fence, judge } = world()
      for (const [path, name] of [
        ["/home/me/ws/db", "parley.db"],
        ["/home/me/ws/mounted", ""],
        ["/home/me/ws/logins", "mcp-auth"],
        ["/home/me/ws/deep", "results/deep"]
      ] as const)
        disk.put(path, disk.at(`${own}/${name}`))
      for (const path of ["db", "mounted", "mounted/parley.db", "logins", "logins/a.json", "deep/r"])
        assert.strictEqual(yield* judge(`/home/me/ws/${path}`), "own", path)
      // What is exempt is so by being that file, and only outside of the directory.
      disk.put("/home/me/ws/mine.md", disk.at(`${own}/AGENTS.md`))
      assert.isUndefined(yield* judge("/home/me/ws/mine.md"))
      // Also what was put there after the look began.
      const look = yield* fence.begin
      yield* look.judge("/", "/home/me/ws/a.txt", disk.at("/home/me/ws/a.txt") ?? assert.fail())
      const late = disk.put(`${own}/late`)
      assert.strictEqual(yield* look.judge("/", "/home/me/ws/mounted/late", late), "own")
    })
  )

  it.effect("withholds virtual file systems wherever they are mounted", () =>
    Effect.gen(function* () {
      const { disk, judge } = world()
      disk.kinds.set(2n, 0x9fa0n).set(3n, 0x63677270n)
      disk.put("/proc", disk.directory(2n))
      disk.put("/proc/self", disk.file(2n))
      disk.put("/home/me/ws/p", disk.at("/proc"))
      disk.put("/home/me/ws/one", disk.file(2n))
      disk.put("/sys/fs", disk.directory(4n))
      disk.put("/home/me/ws/cgroup", disk.directory(3n))
      // What is mounted within is of an ordinary kind, and still not a file of a workspace.
      disk.put("/home/me/ws/cgroup/tmp", disk.directory(5n))
      disk.put("/home/me/ws/cgroup/tmp/x", disk.file(5n))
      for (const path of [
        "/proc/self",
        "/home/me/ws/p",
        "/home/me/ws/p/self",
        "/home/me/ws/one",
        "/home/me/ws/cgroup/tmp/x"
      ])
        assert.strictEqual(yield* judge(path, "/"), "system", path)
      assert.isUndefined(yield* judge("/sys/fs", "/"))
    })
  )

  it.effect("withholds the directory of devices, except a workspace in it", () =>
    Effect.gen(function* () {
      const { disk, judge } = world()
      disk.put("/dev", disk.directory(6n))
      disk.put("/dev/shm", disk.directory(7n))
      disk.put("/dev/shm/ws/a", disk.file(7n))
      disk.put("/home/me/ws/devices", disk.at("/dev"))
      for (const path of ["/dev", "/dev/shm", "/dev/shm/ws/a", "/home/me/ws/devices", "/home/me/ws/devices/shm"])
        assert.strictEqual(yield* judge(path, "/"), "system", path)
      assert.isUndefined(yield* judge("/dev/shm/ws/a", "/dev/shm/ws"))
    })
  )

  it.effect("lists a directory again if it has changed or changed very recently", () =>
    Effect.gen(function* () {
      const { disk, judge } = world()
      yield* judge("/home/me/ws/a.txt")
      const first = disk.listed
      yield* judge("/home/me/ws/a.txt")
      assert.strictEqual(disk.listed, 2 * first)
      yield* TestClock.adjust("3 seconds")
      yield* judge("/home/me/ws/a.txt")
      const before = disk.listed
      yield* judge("/home/me/ws/a.txt")
      assert.strictEqual(disk.listed, before)
      disk.put("/home/me/ws/link", disk.put(`${own}/results/deep/new`))
      assert.strictEqual(yield* judge("/home/me/ws/link"), "own")
      assert.isAbove(disk.listed, before)
    })
  )

  const Step = Schema.Struct({
    from: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })),
    into: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 30 })),
    what: Schema.Literals(["file", "directory", "link"])
  })
  const pathsOf = (node: Node, path = ""): ReadonlyArray<readonly [string, Node]> =>
    path.split("/").length > 6
      ? []
      : [
          [path === "" ? "/" : path, node] as const,
          ...[...(node.children ?? [])].flatMap(([name, child]) => pathsOf(child, `${path}/${name}`))
        ]

  it.effect.prop(
    "withholds exactly the application's files of any tree, by any path",
    [Schema.Array(Step)],
    ([steps]) =>
      Effect.gen(function* () {
        const { disk, judge } = world()
        for (const [i, { from, into, what }] of steps.slice(0, 12).entries()) {
          const all = pathsOf(disk.root)
          const directories = all.filter(([, { children }]) => children !== undefined)
          const [path] = directories[into % directories.length] ?? ["/"]
          const [, target] = all[from % all.length] ?? [undefined, disk.root]
          // Nothing is mounted in itself.
          if (what === "link" && path.startsWith(all.find(([, node]) => node === target)?.[0] ?? "/")) continue
          disk.put(`${path}/n${i}`, what === "link" ? target : what === "file" ? disk.file() : disk.directory())
        }
        const kept = new Set<Node>()
        const keep = (node: Node): void => {
          if (kept.has(node)) return
          kept.add(node)
          node.children?.forEach((child) => keep(child))
        }
        keep(disk.at(own) ?? assert.fail())
        const exempt = disk.at(`${own}/AGENTS.md`)
        for (const [path, node] of pathsOf(disk.root)) {
          if (node === exempt) continue
          assert.strictEqual(yield* judge(path, "/"), kept.has(node) ? "own" : undefined, path)
        }
      })
  )
})
