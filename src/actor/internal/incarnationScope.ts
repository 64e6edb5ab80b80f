/**
 * The scope of an incarnation, which is kept also when nothing was added while the behaviour was built, since a handler may add to it later.
 *
 * Most stay empty, so an empty one has no fields of its own: they are those of its prototype until written.
 */
import * as Scope from "effect/Scope"

const EmptyScope = function() {} as unknown as new() => Scope.Closeable
EmptyScope.prototype = Scope.makeUnsafe()

/** That of the incarnation which is up, made on first use: one that was built by a call alone has had none to give away. */
export const scopeOf = (cell: { scope: Scope.Closeable | undefined }): Scope.Closeable =>
  cell.scope ??= new EmptyScope()
