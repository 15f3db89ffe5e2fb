using System;

namespace Starling.Core.Primitives;

/// <summary>A token bucket of bytes: at most a burst at once and so many a second on average. It may be overdrawn by one taking.</summary>
internal sealed class RateLimit
{
    // Long enough that a limited link sends in few writes, short enough that the rate is steady to the eye.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(250);

    private double _tokens;
    private Instant _filledAt;

    public RateLimit(long bytesPerSecond) => Set(bytesPerSecond);

    /// <summary>Bytes a second; 0: no limit.</summary>
    public long BytesPerSecond { get; private set; }

    public void Set(long bytesPerSecond)
    {
        BytesPerSecond = bytesPerSecond;
        _tokens = Math.Min(_tokens, MaxTokens);
    }

    /// <summary>Whether something may pass now.</summary>
    public bool IsOpen(Instant now)
    {
        Fill(now);
        return BytesPerSecond == 0 || _tokens > 0;
    }

    /// <summary>Takes bytes; what was not there is owed.</summary>
    public void Take(int bytes)
    {
        if (BytesPerSecond > 0)
        {
            _tokens -= bytes;
        }
    }

    /// <summary>When something may pass again.</summary>
    public Instant OpensAt(Instant now) => IsOpen(now) ? now
        : now + TimeSpan.FromSeconds(((-_tokens + 1) / BytesPerSecond) + 0.005);

    private double MaxTokens => BytesPerSecond * Burst.TotalSeconds;

    private void Fill(Instant now)
    {
        _tokens = Math.Min(MaxTokens, _tokens + ((now - _filledAt).TotalSeconds * BytesPerSecond));
        _filledAt = now;
    }
}
