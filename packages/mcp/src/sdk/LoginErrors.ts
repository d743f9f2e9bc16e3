import * as Schema from "effect/Schema"

/**
 * The server accepts no stored login, and there is no user present who could log in.
 *
 * @since 0.1.0
 * @category errors
 */
export class LoginNeeded extends Schema.TaggedError<LoginNeeded>()("LoginNeeded", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/**
 * The scope of the current login does not permit one request. Other requests are not affected.
 *
 * @since 0.1.0
 * @category errors
 */
export class ScopeNeeded extends Schema.TaggedError<ScopeNeeded>()("ScopeNeeded", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/**
 * A login was attempted and failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class LoginFailed extends Schema.TaggedError<LoginFailed>()("LoginFailed", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}
