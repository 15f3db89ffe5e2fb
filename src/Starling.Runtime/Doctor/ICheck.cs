using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Starling.Runtime.Doctor;

/// <summary>Looks at one part of the machine. Checks run at the same time and know nothing of each other's results unless they are handed over.</summary>
internal interface ICheck
{
    /// <summary>The part, a word or two.</summary>
    string Name { get; }

    /// <summary>Looks. Failures of the world are findings, not exceptions; <paramref name="cancellation"/> is the end of the time that the check has.</summary>
    Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellation);
}
