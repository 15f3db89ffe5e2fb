using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Starling.Core.Engine;

/// <summary>Which results the owner of a machine keeps, and serves, once the output is merged (DESIGN section 7, <c>--keep</c>). Until then all are kept.</summary>
public readonly record struct KeepRule
{
    /// <summary>Copies that may be asked for.</summary>
    public const int MaxCopies = 64;

    private KeepRule(int? copies) => Copies = copies;

    /// <summary>Everything: the default.</summary>
    public static KeepRule All { get; }

    /// <summary>What was computed here, nothing else.</summary>
    public static KeepRule Own { get; } = new(0);

    /// <summary>Results of a piece that the swarm is to hold; 0: <see cref="Own"/>; null: <see cref="All"/>. On the wire it is <c>st.keep</c>.</summary>
    public int? Copies { get; }

    /// <summary>So many copies in the swarm, of which this machine holds its part.</summary>
    public static KeepRule Of(int copies)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(copies, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(copies, MaxCopies);
        return new KeepRule(copies);
    }

    /// <summary>Reads <c>all</c>, <c>own</c> or a number.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out KeepRule rule)
    {
        rule = text == "own" ? Own : All;
        if (text is "own" or "all")
        {
            return true;
        }

        bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int copies) && copies is >= 1 and <= MaxCopies;
        rule = isNumber ? Of(copies) : All;
        return isNumber;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Copies switch
    {
        null => "all",
        0 => "own",
        { } copies => copies.ToString(CultureInfo.InvariantCulture),
    };
}
