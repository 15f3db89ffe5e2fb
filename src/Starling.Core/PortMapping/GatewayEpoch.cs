using Starling.Core.Primitives;

namespace Starling.Core.PortMapping;

/// <summary>
/// Notices that a gateway was started again and has forgotten its mappings: its clock does not go on as ours does (RFC 6887, section 8.5; RFC 6886, section 3.6).
/// </summary>
public sealed class GatewayEpoch
{
    private const int ToleranceSeconds = 2;

    private (uint Epoch, Instant At)? _last;

    /// <summary>An answer with this clock came; true: the gateway was started again since the last one.</summary>
    public bool Restarted(uint epoch, Instant now)
    {
        bool restarted = false;
        if (_last is { } last)
        {
            double gateway = (double)epoch - last.Epoch;
            double here = (now - last.At).TotalSeconds;
            restarted = gateway < -1
                || here + ToleranceSeconds < gateway - (gateway / 16)
                || gateway + ToleranceSeconds < here - (here / 16);
        }

        _last = (epoch, now);
        return restarted;
    }
}
