/** The carriage of a thread: what values find there that travel in its messages, whoever carries them. */
import { piece, type ThreadContext } from "../../runtime/ThreadContext.ts"
import { Arenas, Open } from "../Arenas.ts"
import { Carriage } from "../Carriage.ts"

const carriages = piece(() => new Carriage().provide(Open, new Arenas()))

/** The carriage of a thread; who has more to provide for some of its messages stands on it with one of its own. */
export const carriageOf = (thread: ThreadContext): Carriage => thread.get(carriages)

/** The arenas that a thread has open. */
export const arenasOf = (thread: ThreadContext): Arenas => carriageOf(thread).get(Open)!
