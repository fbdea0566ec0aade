/* An empty program: the bytes that every image has. */
import { addTo, measure } from "./measure.js"

measure(() => addTo(0, 0))
