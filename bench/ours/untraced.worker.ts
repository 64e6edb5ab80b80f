/**
 * A worker thread of the twin without tracing.
 */
import { marker } from "./untraced.ts"

await import(`./receiver.worker.ts${marker}`)
