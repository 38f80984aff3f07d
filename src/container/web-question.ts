import { Question } from '../dispatch/question.js';

/** Answers a request to a web resource as one question, which lasts until the body of the response has been read. */
export async function answerAsQuestion(work: () => Promise<unknown>): Promise<unknown> {
  const question = new Question();
  let isStreaming = false;
  try {
    const answer = await question.run(work);
    if (!hasBody(answer)) return answer;
    const { status, statusText, headers } = answer;
    const response = new Response(untilRead(answer.body, question), { status, statusText, headers });
    isStreaming = true;
    return response;
  } finally {
    if (!isStreaming) await question.end();
  }
}

function hasBody(answer: unknown): answer is Response & { readonly body: ReadableStream<Uint8Array> } {
  return answer instanceof Object && 'body' in answer && answer.body instanceof ReadableStream;
}

/** The same body, read as a part of the question, which ends with it. */
function untilRead(body: ReadableStream<Uint8Array>, question: Question): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await question.run(() => reader.read());
        if (!done) {
          controller.enqueue(value);
          return;
        }
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      await question.end();
    },
    cancel: async (reason) => {
      try {
        await question.run(() => reader.cancel(reason));
      } finally {
        await question.end();
      }
    },
  });
}
