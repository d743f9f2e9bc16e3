import { QuestionId } from "@parley/domain/Ids"
import type { NewPost, Post } from "@parley/domain/Post"
import { problemOf, QuestionAnswer, type QuestionSubject } from "@parley/domain/Question"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

const Payload = Schema.Struct({ questionId: QuestionId, answer: QuestionAnswer })
const encode = Schema.encodeSync(Schema.toCodecJson(Payload))
const decode = Schema.decodeUnknownOption(Schema.toCodecJson(Payload))

/** An answer for the process that runs the round. A session has one post for each question, so that the first answer wins. */
export const make = (questionId: QuestionId, answer: QuestionAnswer): NewPost => ({
  kind: "answer",
  key: `answer ${questionId}`,
  payload: encode({ questionId, answer })
})

/** The answer to this question among the posts. A post that is not an answer to its subject is ignored. */
export const find = (
  posts: ReadonlyArray<Post>,
  id: QuestionId,
  subject: QuestionSubject
): { readonly post: Post; readonly answer: QuestionAnswer } | undefined => {
  for (const post of posts) {
    if (post.kind !== "answer") continue
    const read = Option.getOrUndefined(decode(post.payload))
    if (read?.questionId === id && problemOf(subject, read.answer) === undefined) return { post, answer: read.answer }
  }
  return undefined
}
