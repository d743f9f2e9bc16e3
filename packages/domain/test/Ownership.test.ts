import { assert, describe, it } from "@effect/vitest"
import { faultOf, faultOfLink, repairCommand, quoted, refusal, type Self, describeFault } from "../src/Ownership.ts"

const groups = ["root:x:0:", "ada:x:1000:", "staff:x:20:root,ada", "bob:x:1001:ada", "docker:x:1500:"].join("\n")

const ada: Self = {
  uid: 1000,
  gid: 1000,
  sudoUid: undefined,
  userName: () => "ada",
  homeOwner: () => 1000,
  groups: () => groups
}
const root: Self = { ...ada, uid: 0, gid: 0, userName: () => "root", homeOwner: () => 0 }

const kindOf = (self: Self, uid: number, mode: number, gid = self.gid ?? 0) => faultOf(self, { uid, gid, mode })?.kind

describe("which files are trusted", () => {
  const table: ReadonlyArray<readonly [string, ReturnType<typeof kindOf>, ReturnType<typeof kindOf>]> = [
    ["one's own, closed", kindOf(ada, 1000, 0o600), undefined],
    ["one's own, readable", kindOf(ada, 1000, 0o644), undefined],
    ["root's, which containers mount", kindOf(ada, 0, 0o444, 0), undefined],
    ["root's that all may write", kindOf(ada, 0, 0o666, 0), "writable"],
    ["another user's, however closed", kindOf(ada, 1001, 0o600), "owner"],
    ["another user's that all may write", kindOf(ada, 1001, 0o777), "owner"],
    ["one's own that all may write", kindOf(ada, 1000, 0o602), "writable"],
    ["/tmp", kindOf(ada, 0, 0o1777, 0), "shared"],
    ["nobody's, of a user namespace", kindOf(ada, 65_534, 0o644), "owner"],

    ["written by one's own group, as with a umask of 002", kindOf(ada, 1000, 0o664), undefined],
    ["by the group of all staff", kindOf(ada, 1000, 0o664, 20), "writable"],
    ["by another user's group", kindOf(ada, 1000, 0o775, 1001), "writable"],
    ["by one's primary group when it is shared", kindOf({ ...ada, gid: 20 }, 1000, 0o664, 20), "writable"],
    [
      "by one's own group when it has another member",
      kindOf({ ...ada, gid: 1001, userName: () => "bob" }, 1000, 0o664),
      "writable"
    ],
    [
      "by one's own group with another number",
      kindOf({ ...ada, gid: 1500, userName: () => "docker" }, 1000, 0o664),
      undefined
    ],
    [
      "by an unknown group with the user's number",
      kindOf({ ...ada, uid: 77, gid: 77, homeOwner: () => 77 }, 77, 0o664),
      undefined
    ],
    ["by an unknown group with another number", kindOf({ ...ada, gid: 78 }, 1000, 0o664), "writable"],
    ["by root's group, for root", kindOf(root, 0, 0o775), undefined],

    ["for root, a user's", kindOf(root, 1000, 0o600), "owner"],
    ["for root, the user's who ran sudo", kindOf({ ...root, sudoUid: "1000" }, 1000, 0o600, 1000), undefined],
    ["for root, another's than who ran sudo", kindOf({ ...root, sudoUid: "1000" }, 1001, 0o600), "owner"],
    ["with nonsense for the user who ran sudo", kindOf({ ...root, sudoUid: "" }, 1000, 0o600), "owner"],
    ["for the user of `sudo -u`, who is not root", kindOf({ ...ada, sudoUid: "1001" }, 1001, 0o600), "owner"],
    [
      "for root, the owner's of a mounted home",
      kindOf({ ...root, homeOwner: () => 1000 }, 1000, 0o600, 1000),
      undefined
    ],
    ["and what others may write in it", kindOf({ ...root, homeOwner: () => 1000 }, 1000, 0o666, 1000), "writable"],
    ["where there are no owners", kindOf({ ...ada, uid: undefined }, 1001, 0o666), undefined]
  ]
  for (const [what, found, expected] of table) it(what, () => assert.strictEqual(found, expected))

  it("can be decided without information about the user", () => {
    const unknown = () => {
      throw new Error("no such user")
    }
    const nobody: Self = { ...ada, userName: unknown, homeOwner: unknown, groups: unknown }
    assert.strictEqual(kindOf(nobody, 1001, 0o600), "owner")
    assert.strictEqual(kindOf(nobody, 1000, 0o664), undefined)
    assert.strictEqual(kindOf({ ...nobody, gid: 20 }, 1000, 0o664), "writable")
  })

  it("reads the groups only if the group has write permission", () => {
    const asked: Array<string> = []
    const self: Self = { ...ada, groups: () => (asked.push("groups"), groups) }
    kindOf(self, 1000, 0o644)
    assert.deepStrictEqual(asked, [])
    kindOf(self, 1000, 0o664)
    assert.deepStrictEqual(asked, ["groups"])
  })

  it("checks only the owner of a link", () => {
    assert.isUndefined(faultOfLink(ada, { uid: 1000, gid: 1000, mode: 0o777 }))
    assert.strictEqual(faultOfLink(ada, { uid: 1001, gid: 1001, mode: 0o777 })?.kind, "owner")
  })
})

describe("the explanation", () => {
  const fault = (uid: number, mode: number) => {
    const found = faultOf(ada, { uid, gid: uid, mode })
    assert.isDefined(found)
    return found
  }
  it("names the owner, the mode and the command", () => {
    assert.strictEqual(
      describeFault(ada, fault(1001, 0o100666)),
      "belongs to uid 1001 and not to you (uid 1000); its mode is 0666"
    )
    assert.strictEqual(repairCommand(ada, "/a/b", fault(1001, 0o100666)), "sudo chown 1000 /a/b && chmod go-w /a/b")
    assert.strictEqual(repairCommand(ada, "/a/b", fault(1001, 0o100600)), "sudo chown 1000 /a/b")
    // A container has no sudo.
    assert.strictEqual(repairCommand(root, "/a/b", fault(1001, 0o100600)), "chown 0 /a/b")
    assert.strictEqual(
      describeFault(ada, fault(1000, 0o40777)),
      "can be written by other users: its mode is 0777, its owner uid 1000 and its group gid 1000"
    )
    assert.strictEqual(repairCommand(ada, "/a/b", fault(1000, 0o40777)), "chmod go-w /a/b")
    assert.include(refusal(ada, "/a/b", fault(1000, 0o40777)), "it is not used. Look at it, then run `chmod go-w /a/b`")
  })
  it("quotes paths for a shell", () => {
    assert.strictEqual(quoted("/Users/me/Library/Application Support/x"), "'/Users/me/Library/Application Support/x'")
    assert.strictEqual(quoted("/a/it's; rm"), String.raw`'/a/it'\''s; rm'`)
  })
})
