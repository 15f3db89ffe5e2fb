using System;
using Starling.Core.Primitives;

namespace Starling.Core.PortMapping;

/// <summary>
/// One port that a gateway forwards, as a step machine: asked for, renewed at half of its life, asked for under another number when somebody else has that
/// one, tried again after growing waits. The driver sends what <see cref="Next"/> says at <see cref="NextDue"/> and reports the answer.
/// </summary>
public sealed class MappingLease
{
    /// <summary>What is asked for: short enough that a mapping left behind by a crash does not stay for long.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    /// <summary>The shortest wait between two requests that are not about a conflict, whatever the gateway grants.</summary>
    public static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);

    /// <summary>A life beyond this is looked after as if it were this long.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromHours(1);

    /// <summary>Other ports that are tried one after the other.</summary>
    public const int MaxConflicts = 8;

    private const int FirstOtherPort = 20_000;
    private const int OtherPorts = 40_000;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(30);

    private readonly MappedTransport _transport;
    private readonly int _internalPort;
    private readonly DeterministicRandom _random;
    private int _wished;
    private int _conflicts;
    private int _failures;
    private bool _permanent;
    private bool _everGranted;
    private Instant _ends = Instant.Never;

    /// <summary>A lease that is due at once.</summary>
    public MappingLease(MappedTransport transport, int internalPort, DeterministicRandom random)
    {
        _transport = transport;
        _internalPort = internalPort;
        _wished = internalPort;
        _random = random;
    }

    /// <summary>When something is to be asked.</summary>
    public Instant NextDue { get; private set; } = new(long.MinValue);

    /// <summary>What the gateway forwards; null: nothing (any more).</summary>
    public MappingGrant? Granted { get; private set; }

    /// <summary>Why nothing was granted last; null: it was.</summary>
    public MappingRefusal? Refused { get; private set; }

    /// <summary>What to ask now.</summary>
    public MappingRequest Next => new(_transport, _internalPort, _wished, _permanent ? TimeSpan.Zero : Lifetime);

    /// <summary>Whether leases with an end are refused: then <see cref="Next"/>'s zero means "for ever" (UPnP).</summary>
    public bool IsPermanent => _permanent;

    /// <summary>What to ask when the process ends; null: there is nothing to remove.</summary>
    public MappingRequest? Removal =>
        _everGranted ? new MappingRequest(_transport, _internalPort, Granted?.ExternalPort ?? _wished, TimeSpan.Zero) : null;

    /// <summary>The gateway forwards. A grant without a usable port counts as a refusal.</summary>
    public void Grant(MappingGrant grant, Instant now)
    {
        ArgumentNullException.ThrowIfNull(grant);
        if (grant.ExternalPort is <= 0 or > ushort.MaxValue || grant.Lifetime is { } life && life <= TimeSpan.Zero)
        {
            Refuse(new MappingRefusal("it granted no port"), now);
            return;
        }

        TimeSpan looked = grant.Lifetime is { } said && said < LongestLife ? said : LongestLife;
        Granted = grant;
        Refused = null;
        _everGranted = true;
        _wished = grant.ExternalPort;
        _failures = 0;
        _conflicts = 0;
        _ends = grant.Lifetime is { } real ? now + real : Instant.Never;
        NextDue = now + Longer(looked / 2, ShortestWait);
    }

    /// <summary>The gateway refused, or did not answer.</summary>
    public void Refuse(MappingRefusal refusal, Instant now)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        Refused = refusal;
        if (refusal.WantsPermanent && !_permanent)
        {
            _permanent = true;
            NextDue = now;
        }
        else if (refusal.IsConflict && _conflicts < MaxConflicts)
        {
            _conflicts++;
            Granted = null;
            _wished = FirstOtherPort + _random.Next(OtherPorts);
            NextDue = now;
        }
        else
        {
            _conflicts = 0;
            TimeSpan wait = TimeSpan.FromTicks(Math.Min(LongestRetry.Ticks, FirstRetry.Ticks << Math.Min(_failures, 10)));
            wait = Longer(wait, refusal.RetryAfter is { } asked && asked < LongestRetry ? asked : TimeSpan.Zero);

            // What is held still is renewed before it ends: half of the rest each time.
            TimeSpan rest = _ends == Instant.Never ? wait : _ends - now;
            wait = Granted is not null && rest > TimeSpan.Zero && rest / 2 < wait ? Longer(rest / 2, ShortestWait) : wait;
            _failures++;
            NextDue = now + wait;
        }

        Expire(now);
    }

    /// <summary>The gateway has forgotten its mappings.</summary>
    public void Forgotten(Instant now) => NextDue = now;

    /// <summary>Lets go of a grant whose time is over.</summary>
    public void Expire(Instant now) => Granted = now >= _ends ? null : Granted;

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
