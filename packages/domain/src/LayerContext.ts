import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ParentSpan } from "effect/Tracer"

/**
 * The context in which the calls of a layer's service run: what was in scope when the layer was built, then the caller's
 * context, then the layer's own managers. Later ones replace earlier ones. So a caller's span, log annotations and
 * settings apply to the call, and a caller that happens to have another manager in scope does not replace the layer's.
 *
 * @since 0.1.0
 * @category models
 */
export interface LayerContext<R> {
  /** Runs a call of the layer's service. */
  readonly provide: <A, E, R2>(call: Effect.Effect<A, E, R2>) => Effect.Effect<A, E, Exclude<R2, R>>
  /** The same for a call that returns a stream. */
  readonly provideStream: <A, E, R2>(call: Stream.Stream<A, E, R2>) => Stream.Stream<A, E, Exclude<R2, R>>
}

const withoutSpan = <R>(context: Context.Context<R>): Context.Context<R> =>
  Context.makeUnsafe(new Map([...context.mapUnsafe].filter(([key]) => key !== ParentSpan.key)))

/**
 * Captures the context of a layer that is being built. `own` are the managers of the layer. The span in which the layer is
 * built is not captured: it has ended when the calls run.
 *
 * @since 0.1.0
 * @category functions
 */
export const capture = <R>(
  own: (built: Context.Context<R>) => Context.Context<never> = () => Context.empty()
): Effect.Effect<LayerContext<R>, never, R> =>
  Effect.map(Effect.context<R>(), (built) => {
    const [captured, managers] = [withoutSpan(built), own(built)]
    const forCall = Effect.map(Effect.context(), (caller) => Context.mergeAll(captured, caller, managers))
    return {
      provide: (call) => Effect.flatMap(forCall, (context) => Effect.provideContext(call, context)),
      provideStream: (call) => Stream.unwrap(Effect.map(forCall, (context) => Stream.provideContext(call, context)))
    }
  })
