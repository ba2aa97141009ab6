/** The failures of a page, in words, each with ways out. */

export interface PageFailure {
  readonly title: string
  readonly what: string
  /** The ways out, the best first. Backticks stand around text to type. */
  readonly todo: readonly string[]
}

export type FailureName = keyof typeof FAILURES

const PASTE = 'Without a camera: press Copy as text on the other page, bring the text here, and paste it under “No camera?”.'

export const FAILURES = {
  'no-camera': {
    title: 'This machine has no camera',
    what: 'The browser finds none that it may use.',
    todo: ['Plug in a camera: this page starts it by itself. With one camera for two machines, move it here whenever this machine reads.', PASTE],
  },
  denied: {
    title: 'The camera is not allowed',
    what: 'The browser refuses this page the camera, or somebody pressed Block.',
    todo: [
      'Chrome: press the symbol left of the address, set Camera to Allow, and reload this page.',
      'Firefox: press the crossed-out camera left of the address, take the block away, and reload this page.',
      'If there is nothing to allow, the system forbids it: look in its privacy settings for the camera.',
    ],
  },
  insecure: {
    title: 'No camera at this address',
    what: 'Browsers give a camera only to pages from this very machine, or with https.',
    todo: ['Open the address that the command printed, which begins with `http://127.0.0.1`, in a browser on this machine.', PASTE],
  },
  busy: {
    title: 'Another program has the camera',
    what: 'There is a camera, and it gives no picture.',
    todo: ['Close what else uses it, such as a video call or another tab, and press Try again.', 'If nothing does, unplug the camera and plug it in again.'],
  },
  unplugged: {
    title: 'The camera is gone',
    what: 'It was unplugged, or it switched itself off. Nothing that was read is lost.',
    todo: ['Plug it in again, or plug in another: this page starts it by itself.', PASTE],
  },
  broken: {
    title: 'The camera does not start',
    what: 'The browser says no more than that.',
    todo: ['Press Try again. If it stays like this, choose another camera, or restart the browser.', PASTE],
  },
  'no-reader': {
    title: 'This browser cannot read codes',
    what: 'The part of this page that looks for codes does not run here.',
    todo: ['Use a recent Chrome, Edge or Firefox.', PASTE],
  },
  silent: {
    title: 'The command has ended, or was restarted',
    what: 'This page has not heard from it for some seconds. Nothing is lost: everything is on this machine’s disk.',
    todo: ['If it still runs in the terminal, it printed a new address: open that, and close this page.', 'If not, start it again. It goes on where it was.'],
  },
  refused: {
    title: 'This page is of an earlier address',
    what: 'The command that runs now does not know this page: each address is good once, for one run of the command.',
    todo: ['Open the address that the command prints now, and close this page.'],
  },
  'no-token': {
    title: 'This address is not complete',
    what: 'The command prints an address with a secret at its end, behind the #. Without that, this page may do nothing.',
    todo: ['Copy the whole address from the terminal, from `http` to the last letter, and open it.'],
  },
  taken: {
    title: 'Another page has taken over',
    what: 'The same page is open in another tab or window, and the command talks to one at a time.',
    todo: ['Go on there, and close this one. Or press Use this page, and the other one steps back.'],
  },
  fullscreen: {
    title: 'No full screen',
    what: 'The browser did not let the code fill the screen.',
    todo: ['Press F11 for the whole window, or enlarge the window.'],
  },
  clipboard: {
    title: 'Not copied',
    what: 'The browser did not let this page copy.',
    todo: ['The text is selected below: press Ctrl+C, or ⌘C on a Mac.'],
  },
  'not-sent': {
    title: 'The answer did not arrive',
    what: 'The command did not take it.',
    todo: ['Try again. If it stays like this, look at the terminal.'],
  },
  'not-keyrite': {
    title: 'That code is none of keyrite’s',
    what: 'The camera sees a code of something else.',
    todo: ['Hold the camera at the code on the other machine’s page, and cover other codes.'],
  },
  'wrong-machine': {
    title: 'That is this machine’s own code',
    what: 'The camera sees the code that this very page shows, in a mirror or from its own screen.',
    todo: ['Turn the camera to the other machine.'],
  },
} as const satisfies Readonly<Record<string, PageFailure>>

export const pageFailure = (name: FailureName): PageFailure => FAILURES[name]
