/** The page of a storage: the list of its boards at `/`, and each board at its address. */
import { source } from 'inline:./worker.ts'
import { BOARD_PATH, whole } from '../../engine/base/names.ts'
import { boardScreen } from './board-screen.ts'
import type { BoardScreen } from './board-screen.ts'
import { listScreen } from './list-screen.ts'
import type { FromWorker, ToWorker } from './talk.ts'

const name = new RegExp(whole(BOARD_PATH)).exec(location.pathname)?.[1]

if (name === undefined) {
  document.title = 'Boards · keyrite'
  document.body.append(listScreen())
} else {
  document.title = `${name} · keyrite board`
  document.body.append(showBoard(name).node)
}

function showBoard(board: string): BoardScreen {
  const url = `${location.origin}/boards/${board}`
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })))
  const screen = boardScreen(board, url, (shown) => {
    const message: ToWorker = { board: url, shown }
    worker.postMessage(message)
  })
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => screen.update(data)
  worker.onerror = ({ message }) => screen.fail(message === '' ? 'the browser does not run its worker' : message)
  return screen
}
