export const model = "claude-sonnet-5-5"
export const system = "You are a helpful assistant."
export const tool = {
  name: "work",
  description: "Does a piece of work.",
  input_schema: { type: "object", properties: { i: { type: "number" }, ms: { type: "number" } }, required: ["i", "ms"] }
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
export const work = (i, ms) => (ms > 0 ? sleep(ms).then(() => `ok ${i}`) : Promise.resolve(`ok ${i}`))
