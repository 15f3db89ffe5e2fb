using System.IO;
using System.Security.Cryptography;
using System.Threading;

namespace Starling.Runtime.Walls;

/// <summary>
/// Who runs are on the host when this program is root: a user without a name, from the range that systemd keeps for such (61184 to 65519, systemd.exec(5)
/// <c>DynamicUser</c>), another one for each slot, so that the kernel counts the processes of each run by itself.
/// </summary>
internal sealed class RunUser
{
    /// <summary>First number of the range.</summary>
    public const int First = 61_184;

    /// <summary>Last number of the range.</summary>
    public const int Last = 65_519;

    private const int Count = Last - First + 1;

    private readonly int _start;
    private int _next;

    /// <param name="start">Where in the range to begin; null: anywhere.</param>
    public RunUser(int? start = null) => _start = start ?? RandomNumberGenerator.GetInt32(Count);

    /// <summary>The next number that no service of this machine uses.</summary>
    public int Next()
    {
        for (int tries = 0; ; tries++)
        {
            int user = First + ((_start + ((Interlocked.Increment(ref _next) - 1) & int.MaxValue)) % Count);
            if (tries == Count || !Path.Exists($"/run/systemd/dynamic-uid/{user}"))
            {
                return user;
            }
        }
    }
}
