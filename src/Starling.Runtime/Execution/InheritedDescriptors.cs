using System.IO;

namespace Starling.Runtime.Execution;

/// <summary>
/// Descriptors that this program inherited without close-on-exec would be open in every run. .NET opens its own with close-on-exec, so
/// marking the inherited ones once is enough.
/// </summary>
internal static class InheritedDescriptors
{
    private const int FirstAfterStandard = 3;

    /// <summary>Marks every descriptor from 3 on, and opens 0, 1 and 2 on nothing where they are closed, so that no pipe gets their numbers.</summary>
    public static unsafe void Seal()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            for (int descriptor = 0; descriptor < FirstAfterStandard; descriptor++)
            {
                if (LibC.DescriptorControl(descriptor, LibC.DescriptorFlagsGet) < 0)
                {
                    // The lowest free number is this one.
                    _ = LibC.Open(path, LibC.ReadWrite);
                }
            }
        }

        if (!LibC.MarkCloseOnExecFrom(FirstAfterStandard))
        {
            foreach (string entry in Directory.GetFiles("/proc/self/fd"))
            {
                if (int.TryParse(Path.GetFileName(entry), out int descriptor) && descriptor >= FirstAfterStandard)
                {
                    _ = LibC.DescriptorControl(descriptor, LibC.DescriptorFlagsSet, LibC.DescriptorCloseOnExec);
                }
            }
        }
    }
}
