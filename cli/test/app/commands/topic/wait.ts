import { KeyriteCommand } from '../../../../base.ts'

/** Waits until it is asked to stop, then tidies up. It keeps the process alive whatever happens. */
export class Wait extends KeyriteCommand {
  static override summary = 'Wait.'

  async run(): Promise<{ stopped: boolean }> {
    await this.parse(Wait)
    const timer = setInterval(() => undefined, 1000)
    const stopped = new Promise((resolve) => this.signal.addEventListener('abort', resolve))
    process.stdout.write('waiting\n')
    await stopped
    clearInterval(timer)
    this.log('tidied up')
    this.next('probe topic wait   once more')
    return { stopped: true }
  }
}
