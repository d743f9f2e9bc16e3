import { Broken, get, isObject, keys, list, type Rules, text, type Value } from "./shape.ts"

const legalName = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/
const kinds = ["text", "inlineData", "functionCall", "functionResponse", "executableCode"]
const files = new Set(["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif", "application/pdf"])
/** What Google documents for calls that the model did not make itself. */
const placeholder = "skip_thought_signature_validator"

const callsOf = (content: Value): ReadonlyArray<Value> =>
  list(content, "parts").flatMap((part) => get(part, "functionCall") ?? [])
const resultsOf = (content: Value): ReadonlyArray<Value> =>
  list(content, "parts").flatMap((part) => get(part, "functionResponse") ?? [])
const nameAndId = (call: Value): string => `${text(call, "name")} ${text(call, "id")}`

/** The rules of the Gemini API for the contents of a request to a model of version 3 or later. */
export const geminiRules: Rules = (body, issued) => {
  const broken = new Broken()
  const contents = list(body, "contents")
  const part = (one: Value, role: string): void => {
    const kind = keys(one).filter((key) => kinds.includes(key))
    broken.unless(kind.length === 1, `a part has [${kind.join()}]`)
    broken.only(one, [...kinds, "thought", "thoughtSignature"], "a part")
    const signature = text(one, "thoughtSignature")
    const isOwn =
      signature === "" || issued.includes(signature) || (signature === placeholder && kind[0] === "functionCall")
    broken.unless(isOwn, `a signature of another model: ${signature}`)
    if (kind[0] === "text") broken.unless(text(one, "text").trim() !== "" || signature !== "", "a text is blank")
    if (kind[0] === "functionCall" || kind[0] === "functionResponse") {
      const call = get(one, kind[0])
      broken.unless(role === (kind[0] === "functionCall" ? "model" : "user"), `${kind[0]} of ${role}`)
      broken.unless(legalName.test(text(call, "name")), `the name ${text(call, "name")} is not accepted`)
      broken.unless(isObject(get(call, kind[0] === "functionCall" ? "args" : "response")), "no object")
    }
    if (kind[0] === "inlineData")
      broken.unless(files.has(text(one, "inlineData", "mimeType")), "a file has a type that is not accepted")
  }
  const current = contents.findLastIndex(
    (content) => text(content, "role") === "user" && list(content, "parts").some((one) => text(one, "text") !== "")
  )
  for (const [i, content] of contents.entries()) {
    const role = text(content, "role")
    broken.unless(role === (i % 2 === 0 ? "user" : "model"), `content ${i} has role ${role}`)
    broken.unless(list(content, "parts").length > 0, "a content has no parts")
    for (const one of list(content, "parts")) part(one, role)
    const [before, results] = [contents[i - 1], resultsOf(content)]
    broken.unless(
      results.map(nameAndId).join() === callsOf(before).map(nameAndId).join(),
      `[${results.map(nameAndId).join()}] answers [${callsOf(before).map(nameAndId).join()}]`
    )
    const first = list(content, "parts").find((one) => get(one, "functionCall") !== undefined)
    if (i > current && first !== undefined)
      broken.unless(text(first, "thoughtSignature") !== "", "a call of the current turn has no signature")
  }
  broken.unless(text(contents.at(-1), "role") === "user", "the last content is not the user's")
  const names = list(body, "tools").flatMap((tool) =>
    list(tool, "functionDeclarations").map((declared) => text(declared, "name"))
  )
  for (const name of names) broken.unless(legalName.test(name), `the tool's name ${name} is not accepted`)
  broken.unless(new Set(names).size === names.length, "two tools have one name")
  return broken.rules
}
