import { assert, describe, it } from "@effect/vitest"
import { normalise } from "../src/OriginUrl.ts"

const same: ReadonlyArray<string> = [
  "https://example.org/owner/repo",
  "https://example.org/owner/repo.git",
  "https://example.org/owner/repo.git/",
  "HTTPS://Example.ORG:443//owner/repo",
  "https://user:password@example.org/owner/repo.git",
  "https://token@example.org/owner/repo?access_token=SECRET#SECRET",
  "http://example.org:80/owner/repo",
  "ssh://git@example.org/owner/repo.git",
  "ssh://git@example.org:22/owner/repo",
  "git+ssh://example.org/owner/repo",
  "git://example.org:9418/owner/repo",
  "git@example.org:owner/repo.git",
  "git@EXAMPLE.org.:/owner/repo",
  "user:SECRET@example.org:owner/repo",
  " example.org:owner/repo\n"
]

describe("the address of an origin", () => {
  it("has one form, whatever its scheme, user, password, port and ending", () => {
    for (const url of same) assert.strictEqual(normalise(url, "/top"), "example.org/owner/repo", url)
  })

  it("differs if host, port, path or its case differ", () => {
    const others = [
      "https://example.org:8443/owner/repo",
      "ssh://example.org:2222/owner/repo",
      "https://example.com/owner/repo",
      "https://example.org/owner/Repo",
      "https://example.org/owner/repo.github",
      "https://[2001:db8::1]/owner/repo",
      "git@[2001:db8::2]:owner/repo",
      "/srv/owner/repo"
    ]
    const forms = others.map((url) => normalise(url, "/top"))
    assert.notInclude(forms, undefined)
    assert.strictEqual(new Set([...forms, "example.org/owner/repo"]).size, others.length + 1)
  })

  it("is an absolute path for a repository on the same machine", () => {
    assert.strictEqual(normalise("/srv/repo.git/", "/top"), "file:/srv/repo")
    assert.strictEqual(normalise("file:///srv/repo", "/top"), "file:/srv/repo")
    assert.strictEqual(normalise("../repo.git", "/srv/clone"), "file:/srv/repo")
    assert.strictEqual(normalise("./a:b", "/srv"), "file:/srv/a:b")
  })

  it("is not known for a helper program, another scheme, or what is no address, so that no secret is kept", () => {
    for (const url of [
      "ext::ssh -i SECRET host",
      "keybase::private/SECRET",
      "s3://SECRET:SECRET@bucket/repo",
      "https://user:pa/SECRET@example.org/owner/repo",
      "https:///owner/repo",
      "git@host:a\u0007b",
      "",
      "  "
    ])
      assert.isUndefined(normalise(url, "/top"), url)
  })

  it("never has what comes before an @", () => {
    for (const url of ["https://a:SECRET@b@example.org/x", "SECRET@b@example.org:x", "ssh://SECRET@example.org/~me/x"])
      assert.notInclude(normalise(url, "/top") ?? "", "SECRET", url)
  })
})
