import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { env as ownEnvironment } from "node:process"
import { danger } from "../src/trust/VariableRisks.ts"
import * as ServerRisks from "../src/trust/ServerRisks.ts"

/** A project and a directory beside it, both real. */
const place = Effect.acquireRelease(
  Effect.sync(() => {
    const top = realpathSync(mkdtempSync(join(tmpdir(), "parley-trust-")))
    const [root, outside] = [join(top, "project"), join(top, "project-other")]
    mkdirSync(root)
    mkdirSync(outside)
    return {
      root,
      outside,
      put: (...names: ReadonlyArray<string>) => {
        for (const name of names) {
          mkdirSync(dirname(join(root, name)), { recursive: true })
          writeFileSync(join(root, name), "#!/bin/sh\n")
          chmodSync(join(root, name), 0o755)
        }
      },
      of: (line: ReadonlyArray<string>, cwd = root, env: { readonly [name: string]: string } = {}) =>
        ServerRisks.of(
          { root, searchPath: ownEnvironment["PATH"] ?? "" },
          { command: line[0] ?? "", args: line.slice(1), cwd, env }
        )
    }
  }),
  ({ root }) => Effect.sync(() => rmSync(dirname(root), { recursive: true, force: true }))
)

const general = /^(?:it starts in|its arguments or variables refer to) this workspace: files there can decide what runs/
const generals = (warnings: ReadonlyArray<string>) => warnings.filter((warning) => general.test(warning))

const Word = Schema.Union([
  Schema.NonEmptyString,
  Schema.Literals(["node", "npx", "-y", "server@1.0.0", "-m", "/usr/bin/env", "--require=/x.js", ".", "make", "x=y"])
])

describe("the influence of a project on its servers", () => {
  it.effect.prop(
    "causes one warning for every command that starts in the project, whatever the command is",
    [Word, Schema.Array(Word), Schema.Literals(["", "sub", "sub/deeper", "sub/../x", "link"])],
    ([command, args, below]) =>
      Effect.gen(function* () {
        const here = yield* place
        symlinkSync(here.outside, join(here.root, "link"))
        const warnings = here.of([command, ...args], join(here.root, below))
        assert.lengthOf(generals(warnings), 1)
        for (const warning of warnings) assert.notMatch(warning, /[\p{C}\p{Zl}\p{Zp}]/u)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 60 } }
  )

  it.effect("causes no warning if the directory and all words are outside the project", () =>
    Effect.gen(function* () {
      const here = yield* place
      writeFileSync(join(here.outside, "server.js"), "")
      for (const cwd of [here.outside, "/", "/usr", tmpdir()])
        for (const line of [
          ["/usr/bin/env"],
          ["/usr/bin/env", join(here.outside, "server.js"), "/opt/server.js", "--port=8080", "-y"],
          ["/bin/sh", `--config=${here.root}-other/x`, `-v${here.outside}:/data`]
        ])
          assert.deepStrictEqual(generals(here.of(line, cwd, { LANG: "C", A: here.outside })), [], line.join(" "))
    })
  )

  it.effect("causes a warning if any word or variable leads into the project", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { outside, root } = here
      here.put("evil.js")
      symlinkSync(root, join(outside, "link"))
      for (const word of [
        root,
        join(root, "evil.js"),
        join(root, "not/there/yet"),
        "../project/evil.js",
        "link/evil.js",
        "link/not/yet",
        `--require=${root}/evil.js`,
        `-r${root}/evil.js`,
        "-r../project/evil.js",
        `--volume=${root}:/x`,
        `/x:${root}`,
        `file://${root}/evil.js`,
        `file://${root.replace("project", "%70roject")}/evil.js`,
        `-javaagent:${root}/x.jar`,
        `@${root}/args`,
        `a,b;${root}`,
        `cd ${root} && ./evil.js`,
        `exec '${root}/evil.js'`,
        "x".repeat(5000)
      ])
        assert.lengthOf(generals(here.of(["/usr/bin/env", word], outside)), 1, word)
      assert.lengthOf(generals(here.of(["/usr/bin/env"], outside, { X: `${root}/x` })), 1)
      assert.lengthOf(generals(here.of(["/usr/bin/env"], join(outside, "link"))), 1)
      here.put("bin/tool")
      const found = here.of(["tool"], outside, { PATH: join(root, "bin") })
      assert.lengthOf(generals(found), 1)
      assert.include(found, '"tool" is "bin/tool" in this workspace')
    })
  )

  it.effect("is shown as the files that a command names and reads, if they are known", () =>
    Effect.gen(function* () {
      const here = yield* place
      here.put("server.js", "server.py", "evil.js", "pkg/mod.py", "X.class", "x.jar", "sub/run.ts", "two words.js")
      here.put("Makefile", "package.json", ".npmrc", "go.mod", "Cargo.toml", "compose.yaml", "node_modules/.bin/local")
      here.put("node_modules/@scope/server/package.json")
      for (const [line, file] of [
        ["node server", '"server" names "server.js", "server.py" in'],
        ["python3 -m server", '"server.py" in'],
        ["python3 -m pkg.mod", '"pkg.mod" names "pkg/mod.py" in'],
        ["node --require=./evil.js", '"--require=./evil.js" names "evil.js" in'],
        ["node -r./evil.js", '"-r./evil.js" names "evil.js" in'],
        ["node --import ./evil.js", '"./evil.js" names "evil.js" in'],
        ["deno run sub/run", '"sub/run" names "sub/run.ts" in'],
        ["java -jar x.jar", '"x.jar" names "x.jar" in'],
        ["java -cp . X", '"X" names "X.class" in'],
        ["make serve", '"make" reads "Makefile" in'],
        ["npm run x", '"npm" reads "package.json" in'],
        ["npm start", '"npm" reads ".npmrc" in'],
        ["npx local", '"local" names "node_modules/.bin/local" in'],
        ["npx -y @scope/server@1.0.0", '"@scope/server@1.0.0" names "node_modules/@scope/server" in'],
        ["timeout 5 make serve", '"make" reads "Makefile" in'],
        ["env A=b go run .", '"go" reads "go.mod" in'],
        ["sudo cargo run", '"cargo" reads "Cargo.toml" in'],
        ["docker compose up", '"docker" reads "compose.yaml" in']
      ] as const)
        assert.include(here.of(line.split(" ")).join("\n"), `${file} this workspace`, line)
      assert.include(here.of(["node", "--x=two words.js"]).join(), '"--x=two words.js" names "two words.js"')
      assert.include(here.of(["sh", "-c", "cd sub && npm start"]).join("\n"), '"npm" reads "package.json" in')
      assert.include(here.of(["npm", "start"], join(here.root, "sub")).join("\n"), '"npm" reads "package.json" in')
    })
  )

  it.effect("is detected behind programs that start other programs", () =>
    Effect.gen(function* () {
      const here = yield* place
      const unpinned = '"server" names no exact version: the publisher of the next version decides what runs'
      for (const line of ["env A=b npx -y server", "sudo npx server", "timeout 5 npx server", "nice -n 5 npx server"])
        assert.include(here.of(line.split(" "), "/"), unpinned, line)
      assert.include(here.of(["sh", "-c", "exec npx server"], "/"), unpinned)
      const shell = "it is a shell: its arguments are a program"
      for (const line of ["sh -c x", "env bash -c x", "/usr/bin/sudo /bin/dash x", "cmd.exe /c x", "xargs zsh"])
        assert.include(here.of(line.split(" "), "/"), shell, line)
      for (const line of ["node -e x", "python3 -c x", "perl -ne x", "ruby -e x", "deno eval x", "env node --eval=x"])
        assert.include(here.of(line.split(" "), "/").join(), "gives it a program to run", line)
      assert.include(here.of(["deno", "run", "npm:server"], "/").join(), '"npm:server" names no exact version')
      assert.include(here.of(["go", "run", "x.org/s@latest"], "/").join(), '"x.org/s@latest" names no exact version')
    })
  )

  it.effect("is reported on one line each, whatever the project wrote", () =>
    Effect.gen(function* () {
      const here = yield* place
      const evil = 'x"\n  ! all is well\u001b[2K\r\u202e\u2028'
      here.put("x.js")
      const warnings = here.of([`npx`, evil, `${here.root}/${evil}`], here.root, {
        [evil]: evil,
        [`A${evil}`]: "${env:X}"
      })
      assert.isAbove(warnings.length, 4)
      for (const warning of warnings) {
        assert.notMatch(warning, /[\p{C}\p{Zl}\p{Zp}]/u)
        assert.notMatch(warning.replaceAll(/\\["\\]/g, ""), /^[^"]*(?:"[^"]*"[^"]*)*"[^"]*all is well[^"]*$/)
      }
    })
  )
})

describe("a variable that a project sets", () => {
  const code = "can make a program load and run other code"
  const network = "can redirect a program's network requests, or make it trust servers that it should not"
  const programs = "can name a program that other programs start"
  const settings = "can make programs read other settings, which can name other code to run"
  const address = "can name the address that a program sends your data to"
  const account = "can make it use an account that the project chose, and store your data there"
  const other = "is the project's choice, and can change what a program does"

  it("causes a warning about what its kind can do, and a general warning if its kind is unknown", () => {
    for (const [sentence, names] of [
      [code, "NODE_OPTIONS LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES PYTHONPATH PYTHONSTARTUP JAVA_TOOL_OPTIONS PATH"],
      [code, "JDK_JAVA_OPTIONS _JAVA_OPTIONS DOTNET_STARTUP_HOOKS PERL5OPT RUBYOPT BASH_ENV ENV MAKEFLAGS RUSTFLAGS"],
      [code, "path Node_Options OPENSSL_CONF MAVEN_OPTS GRADLE_OPTS CLASSPATH CORECLR_PROFILER VITE_PLUGINS"],
      [settings, "HOME XDG_CONFIG_HOME USERPROFILE APPDATA npm_config_registry PIP_INDEX_URL UV_INDEX CARGO_HOME"],
      [settings, "GOPATH NPM_TOKEN TMPDIR KUBECONFIG DOCKER_CONTEXT FOO_CONFIG SOME_DIR"],
      [network, "HTTP_PROXY https_proxy ALL_PROXY SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE"],
      [network, "NODE_TLS_REJECT_UNAUTHORIZED REQUESTS_CA_BUNDLE GIT_SSL_NO_VERIFY GIT_SSL_CAINFO NO_PROXY"],
      [programs, "PAGER EDITOR VISUAL GIT_PAGER GIT_SSH_COMMAND GIT_CONFIG_COUNT SHELL BROWSER SSH_ASKPASS X_COMMAND"],
      [programs, "SUDO_ASKPASS GIT_ASKPASS CC RUSTC_WRAPPER LESSOPEN"],
      [address, "API_URL DATABASE_URL REDIS_HOST S3_ENDPOINT"],
      [account, "TOKEN GITHUB_TOKEN API_KEY PASSWORD DB_USER"],
      [other, "NODE_ENV FOO constructor __proto__ X"]
    ] as const)
      for (const name of names.split(" ")) assert.strictEqual(danger(name, "1"), sentence, name)
  })

  it("causes no warning if it is known to be harmless and names no file", () => {
    for (const [name, value] of [
      ["LANG", "en_US.UTF-8"],
      ["LC_ALL", "C"],
      ["TZ", "Europe/Berlin"],
      ["NO_COLOR", ""],
      ["LOG_LEVEL", "debug"],
      ["DEBUG", "app:*"],
      ["PORT", "8080"]
    ] as const) {
      assert.isUndefined(danger(name, value), name)
      for (const file of ["/ws/evil", "../evil", "./x", ":/ws/evil", "a\\b", "x\n", "$(x)"])
        assert.isDefined(danger(name, file), `${name}=${file}`)
    }
    assert.isDefined(danger("LANGX", "C"))
  })
})
