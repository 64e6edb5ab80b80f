/** The carriage of a thread: what values find there that travel in its messages, whoever carries them. */
import { piece, type ThreadContext } from "../../runtime/ThreadContext.ts"
import { Arenas, Open } from "../Arenas.ts"
import { Carriage, Key } from "../Carriage.ts"

/** The thread itself, in its carriage: for kinds of values that have pieces of their own there. */
export const Thread: Key<ThreadContext> = new Key("shared-nothing/wire/Thread")

const carriages = piece((thread) => new Carriage().provide(Open, new Arenas()).provide(Thread, thread))

/** The carriage of a thread; who has more to provide for some of its messages stands on it with one of its own. */
export const carriageOf = (thread: ThreadContext): Carriage => thread.get(carriages)

/** The arenas that a thread has open. */
export const arenasOf = (thread: ThreadContext): Arenas => carriageOf(thread).get(Open)!
