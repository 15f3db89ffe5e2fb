using System;
using Starling.Core.Primitives;

namespace Starling.Core.Wire.Mse;

/// <summary>
/// One side of the handshake of message stream encryption (MSE/PE, specification 1.0 of the Vuze wiki): bytes in, bytes out. It holds what has come in
/// and not been read, never more than <see cref="MaxPending"/>. Feed it until <see cref="Outcome"/> or <see cref="Problem"/> is there. For one thread.
/// </summary>
public abstract class MseHandshake
{
    /// <summary>Bytes that wait at most: a responder's whole third message with the longest pads and initial payload.</summary>
    public const int MaxPending = MseKeyExchange.ValueSize + (2 * MseRandomness.MaxPadSize) + (2 * MseKeyExchange.HashSize)
        + VerificationSize + 4 + 2 + 2 + ushort.MaxValue;

    /// <summary>Bytes of the verification constant, all zero.</summary>
    private protected const int VerificationSize = 8;

    private byte[] _pending = new byte[1024];
    private int _start;
    private int _end;

    /// <summary>The agreement, once there is one.</summary>
    public MseOutcome? Outcome { get; private protected set; }

    /// <summary>Why there will be none (code <c>mse</c>); the connection is to be closed.</summary>
    public Problem? Problem { get; private protected set; }

    /// <summary>Whether the handshake has ended, in peace or not.</summary>
    public bool IsOver => Outcome is not null || Problem is not null;

    private protected ReadOnlySpan<byte> Pending => _pending.AsSpan(_start, _end - _start);

    /// <summary>Takes the next bytes of the connection, in cuts of any length.</summary>
    /// <returns>Bytes to send, often none.</returns>
    /// <exception cref="InvalidOperationException">The handshake is over: what comes now belongs to the payload.</exception>
    public ReadOnlyMemory<byte> Receive(ReadOnlySpan<byte> bytes)
    {
        if (IsOver)
        {
            throw new InvalidOperationException("The handshake is over.");
        }

        ReadOnlyMemory<byte> answer = ReadOnlyMemory<byte>.Empty;
        do
        {
            // What comes behind the handshake is bounded by the caller's buffer; while it lasts, the steps keep the pending bytes small.
            int taken = Math.Min(bytes.Length, MaxPending - Pending.Length);
            Append(bytes[..taken]);
            bytes = bytes[taken..];
            ReadOnlyMemory<byte> more = Advance();
            answer = answer.IsEmpty ? more : more.IsEmpty ? answer : (byte[])[.. answer.Span, .. more.Span];
        }
        while (!bytes.IsEmpty && !IsOver);

        if (Outcome is { } outcome && !bytes.IsEmpty)
        {
            byte[] rest = bytes.ToArray();
            outcome.Decrypt?.Process(rest);
            Outcome = outcome with { Received = (byte[])[.. outcome.Received.Span, .. rest] };
        }

        return answer;
    }

    /// <summary>Does what the pending bytes allow.</summary>
    private protected abstract ReadOnlyMemory<byte> Advance();

    private protected void Consume(int count) => _start += count;

    /// <summary>Decrypts pending bytes in place; they stay pending.</summary>
    private protected void DecryptPending(Rc4 cipher, int offset, int count) => cipher.Process(_pending.AsSpan(_start + offset, count));

    private protected byte[] TakeAll()
    {
        byte[] all = Pending.ToArray();
        _start = _end;
        return all;
    }

    private protected void Fail(string reason)
    {
        Problem = new Problem("mse", reason);
        _pending = [];
        _start = _end = 0;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        int length = Pending.Length;
        if (_pending.Length - _end < bytes.Length)
        {
            byte[] target = _pending.Length >= length + bytes.Length
                ? _pending
                : new byte[Math.Min(MaxPending, Math.Max(2 * _pending.Length, length + bytes.Length))];
            Pending.CopyTo(target);
            (_pending, _start, _end) = (target, 0, length);
        }

        bytes.CopyTo(_pending.AsSpan(_end));
        _end += bytes.Length;
    }
}
