import { expect } from 'chai'
import { QuestionLeft } from '../../screen/owner.ts'
import type { Hand } from '../../screen/owner.ts'
import { makeQuestions } from '../../web/page.ts'
import type { PageQuestion } from '../../web/protocol.ts'

describe('a question on a page', () => {
  let asked: (PageQuestion | null)[]
  let stop: AbortController
  let questions: ReturnType<typeof makeQuestions>
  let hand: Hand
  beforeEach(() => {
    asked = []
    stop = new AbortController()
    questions = makeQuestions((question) => asked.push(question))
    hand = questions.hand(stop.signal)
  })
  const line = (answer = 'ada'): Promise<string> => hand.line({
    ask: () => [], prompt: ['Name?'], wanted: { kind: 'yes' }, mayLook: true, flag: '--name', refuse: (typed) => (typed === answer ? undefined : 'No.'),
  })
  const current = (): PageQuestion => asked.at(-1) ?? expect.fail('nothing is asked')
  const answer = (text: string): boolean => questions.onAnswer(current().id, text)
  const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

  it('shows what was shown before it, and is asked again with what is wrong', async () => {
    await hand.show([{ kind: 'heading', text: 'A' }])
    await hand.show([{ kind: 'number', number: '1' }])
    const answered = line()
    expect(current()).to.deep.include({ blocks: [{ kind: 'heading', text: 'A' }, { kind: 'number', number: '1' }], prompt: ['Name?'], trouble: null, looked: null })
    answer('bob')
    await turn()
    expect(current().trouble).to.equal('No.')
    answer(' ada ')
    expect(await answered).to.equal('ada')
    expect(asked.at(-1)).to.equal(null)
  })

  it('takes an answer for the question that is asked now, once', async () => {
    const answered = line()
    const { id } = current()
    expect(questions.onAnswer('other', 'ada')).to.equal(false)
    expect(answer('bob')).to.equal(true)
    await turn()
    // The button is pressed twice.
    expect(questions.onAnswer(id, 'ada')).to.equal(false)
    answer('ada')
    await answered
    expect(questions.onAnswer(id, 'ada')).to.equal(false)
  })

  it('shows what a look gave beside it', async () => {
    await hand.show([{ kind: 'heading', text: 'A' }])
    const first = line('show 1')
    answer('show 1')
    await first
    await hand.show([{ kind: 'text', text: 'message 1' }], { mayStop: true })
    const second = line()
    expect(current()).to.deep.include({ blocks: [{ kind: 'heading', text: 'A' }], looked: [{ kind: 'text', text: 'message 1' }] })
    answer('ada')
    await second
  })

  it('is left with later, and withdrawn by its signal', async () => {
    const left = line().catch((error: unknown) => error)
    answer('later')
    expect(await left).to.be.instanceOf(QuestionLeft).and.have.property('why', 'later')
    const withdrawn = line().catch((error: unknown) => error)
    stop.abort(new QuestionLeft('other'))
    expect(await withdrawn).to.have.property('why', 'other')
    expect(asked.at(-1)).to.equal(null)
  })
})
