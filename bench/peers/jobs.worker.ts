/** What a worker of piscina and of tinypool runs. */
import { work } from "./jobs.ts"

export default ({ micros, value }: { readonly value: number; readonly micros: number }): number => work(value, micros)
