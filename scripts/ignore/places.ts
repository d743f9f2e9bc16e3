import { execFileSync } from "node:child_process"
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import process from "node:process"

/** A repository of its own in the system's temporary directory, with a user's configuration of its own. */
export interface Place {
  readonly root: string
  readonly env: NodeJS.ProcessEnv
}

export const git = (root: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env): string =>
  execFileSync("git", args, { cwd: root, env, maxBuffer: 2 ** 30 }).toString("utf8")

/** Writes a file if its name allows that: two generated names may need one to be a file and a directory. */
export const put = (root: string, path: string, content: string | Uint8Array = ""): boolean => {
  try {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content, { flag: "wx" })
    return true
  } catch {
    return false
  }
}

/** Makes a repository whose user has these excludes, uses it, and removes it. */
export const withPlace = async <A>(excludes: string, use: (place: Place) => Promise<A>): Promise<A> => {
  const home = mkdtempSync(join(tmpdir(), "parley-ignore-"))
  try {
    const env: NodeJS.ProcessEnv = {
      PATH: process.env["PATH"],
      HOME: home,
      XDG_CONFIG_HOME: join(home, "config"),
      GIT_CONFIG_NOSYSTEM: "1"
    }
    put(home, "config/git/ignore", excludes)
    const root = join(home, "repository")
    mkdirSync(root)
    git(root, ["init", "--quiet"], env)
    return await use({ root, env })
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** A name that a pattern may match: wildcards and sets are replaced by something that they match. */
const sample = (pattern: string): string =>
  pattern
    .replaceAll("**", "a/b")
    .replaceAll("*", "xx")
    .replaceAll("?", "q")
    .replace(/\[[!^][^\]]*\]/g, "Z")
    .replace(/\[(.)[^\]]*\]/g, "$1")
    .replace(/\\(.)/g, "$1")

/** Copies the ignore files of a repository, and makes files with names that their patterns are about. */
export const imitate = (from: string, root: string): void => {
  const tracked = git(from, ["ls-files", "-z", "--", ".gitignore", "**/.gitignore"]).split("\0")
  const files = tracked.filter((path) => path !== "" && lstatSync(join(from, path)).isFile())
  for (const file of files) put(root, file, readFileSync(join(from, file)))
  for (const file of files) {
    const directory = file.slice(0, -".gitignore".length)
    for (const line of readFileSync(join(from, file), "utf8").split(/\r?\n/)) {
      const pattern = line.replace(/^!/, "").trim().replace(/^\//, "")
      const name = sample(pattern).replace(/\/$/, "")
      if (line.startsWith("#") || name === "" || name.split("/").some((part) => /^\.{0,2}$|^\.git$/i.test(part)))
        continue
      for (const path of [pattern.endsWith("/") ? `${name}/f` : name, `sub/${name}`, `sub2/${name}/inner`, `${name}x`])
        put(root, directory + path)
      put(root, `${directory}${name.toUpperCase()}-U`)
    }
  }
}

const traps: ReadonlyArray<string> = [
  "*.log !keep.log /only-here sub/**/deep.txt **/any/where foo/** !foo/bar/ \\#hash \\!bang #comment [abc].c [!abc].d",
  "[^a-c].e [[:digit:]]x [[:alpha:][:digit:]]y []-]z [a\\]]w \\*star q?s a/*/c */two dir-only/ !dir-only/ build*/",
  "!build-keep/ 中文*.txt {a,b}.brace ***/tri a**b **x/y end/**/ x/**/**/y2 /**/rootany back\\\\slash ./dot a//b",
  "lead**/end [[:nope:]]n [[:upper:]]u [z-a]r [a-]h [[:digit:]-z]g mid[[:x]k ?é.u é?.v [é].w **\\/esc open[ab"
].flatMap((line) => line.split(" "))

const names: ReadonlyArray<string> = [
  "a.log keep.log sub/keep.log sub/a.log only-here sub/only-here sub/deep.txt sub/x/deep.txt sub/x/y/deep.txt any/where",
  "q/any/where/f foo/x foo/bar/y foo/bar/z/t #hash !bang #comment a.c d.c a.d z.d z.e b.e 1x ax ay 1y _y ]z -z qz aw ]w",
  "*star xstar qas q/s qs a/b/c a/b/d/c a/c p/two two p/q/two dir-only/f x/dir-only build1/f build-keep/f buildf",
  "中文a.txt n/中文.txt a.brace b.brace {a,b}.brace q/w/tri tri r/tri ab axxb a/x/b xx/y x/y q/x/y end/q/f end/f",
  "end/q/w/f x/y2 x/r/y2 x/r/t/y2 rootany k/rootany dot a/bb A.LOG é.log lead/end leadx/end leadx/y/end leadxy Bu bu 1n",
  "ar zr -h ah bh 1g zg -g yg mid[k mid:k midxk xé.u éé.u éx.v éxx.v é.w w.w q/esc esc open[ab back\\slash e\u0301.txt"
].flatMap((line) => line.split(" "))

const spaced: ReadonlyArray<string> = ["trail  ", "trailkept\\ ", "trailmix\\  ", "tab\t", "lead space", " leading"]
const spacedNames = ["trail", "trail ", "trail  ", "trailkept ", "trailkept", "trailmix ", "trailmix", "trailmix  "]

/** Ignore files that have caused wrong decisions: in other encodings, with NUL, very large, as links, nested. */
export const craft = (root: string): void => {
  const wanted = [
    ...names,
    ...spacedNames,
    "tab",
    "tab\t",
    "lead space",
    "space",
    " leading",
    "leading",
    "crlf",
    "crlf\r"
  ]
  put(root, ".gitignore", [...traps, ...spaced, "crlf\r", "last"].join("\n"))
  for (const name of [...wanted, "last", "new\nline.log", "new\nline.txt"]) put(root, name)
  const small = (directory: string, rules: string | Uint8Array, ...files: ReadonlyArray<string>) => {
    put(root, `${directory}/.gitignore`, rules)
    for (const file of files) put(root, `${directory}/${file}`)
  }
  small("again", "*\n!.gitignore\n!*.md\n!in/\n", "a.md", "b.txt", "in/c.md", "in/d.txt")
  small("closed", "in/\n", "in/f")
  small("closed/in", "!*\n")
  small("marked", "\uFEFFfirst\nsecond\n", "first", "second", "\uFEFFfirst")
  small("latin", Buffer.from("# pr\xE9f\xE9r\xE9\ncaf\xE9.txt\nsecret.txt\n", "latin1"), "secret.txt", "open.txt")
  small("nul", "a.txt\nb\0c\nsecret.txt\n", "a.txt", "b", "bc", "secret.txt")
  const many = Array.from({ length: 4000 }, (_, i) => `gen/file-${i}.out`)
  small(
    "large",
    [...many, "secret.txt", "gen/*.tmp"].join("\n"),
    "gen/file-3999.out",
    "gen/x.tmp",
    "gen/y",
    "secret.txt"
  )
  small("utf16", Buffer.from("\uFEFFsecret.txt\n", "utf16le"), "secret.txt")
  put(root, "linked/rules", "secret.txt\n")
  put(root, "linked/secret.txt")
  symlinkSync("rules", join(root, "linked/.gitignore"))
  mkdirSync(join(root, "directory/.gitignore"), { recursive: true })
  put(root, "directory/secret.txt")
}
